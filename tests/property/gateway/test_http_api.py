"""Every operation the API describes, called with values made from its own description: refused or answered, never a
crash, and never with more memory than before."""

import json
import os
import random
from typing import Any

import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from tests.property.gateway.conftest import Open

SOAK_COUNT = int(os.environ.get("SOAK_COUNT", "0"))
EXAMPLES = max(2, SOAK_COUNT // 50)  # of each of the operations
MEMORY_BYTES = 150 * 1024 * 1024  # strategies of all operations included


def with_known(value: Any, known: dict[str, list[str]], chance: random.Random, name: str = "") -> Any:
    """The value with most of its ids replaced by ids that exist: a stranger's id alone ends at the first look-up."""
    if isinstance(value, dict):
        return {key: with_known(each, known, chance, key) for key, each in value.items()}
    if isinstance(value, list):
        return [with_known(each, known, chance, name.removesuffix("s")) for each in value]
    if name in known and isinstance(value, str | int) and chance.random() < 0.8:
        found = chance.choice(known[name])
        return int(found) if isinstance(value, int) and found.isdigit() else found
    return value


def learn(answer: Any, collection: str, known: dict[str, list[str]]) -> None:
    """Ids that an answer tells, by the name under which others ask for them."""
    for item in answer.get("items", [answer]) if isinstance(answer, dict) else []:
        for key, value in item.items() if isinstance(item, dict) else ():
            name = collection if key == "id" else key
            if isinstance(value, str) and name.endswith("_id") and len(known.setdefault(name, [])) < 20:
                known[name].append(value)


def resident_bytes() -> int:
    """What this process holds in memory."""
    return int(psutil.Process().memory_info().rss)


def parameter_after(paths: list[str], path: str) -> str:
    """What the id of a thing in the collection at `path` is called: `person_id` for `/people`."""
    longer = next((other for other in paths if other.startswith(path + "/{")), "")
    return longer.removeprefix(path + "/{").partition("}")[0]


@pytest.mark.counted
def test_whatever_is_asked_of_the_api_it_answers(gateway: Open) -> None:
    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", gateway.app, headers={"Authorization": f"Bearer {gateway.token}"}
    )
    operations = [found.ok() for found in schema.get_all_operations()]
    paths = [operation.path for operation in operations]
    crashes: list[str] = []
    statuses: dict[int, int] = {}

    def call(case: Case, chance: random.Random) -> None:
        case.path_parameters = with_known(case.path_parameters or {}, gateway.known, chance)
        case.query = with_known(case.query or {}, gateway.known, chance)
        case.body = with_known(case.body, gateway.known, chance)
        request = case.as_transport_kwargs(base_url="http://testserver")
        asked = {name: request[name] for name in ("method", "url", "params", "json") if request.get(name) is not None}
        if isinstance(request.get("data"), bytes | str):
            asked |= {"content": request["data"], "headers": {"content-type": "application/json"}}
        try:
            answer = gateway.client.request(**asked)
        except UnicodeEncodeError:  # what no client can put into an address
            return
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        if answer.status_code >= 500 and answer.status_code != 503:  # 503: the bank is not heard
            crashes.append(f"{case.method} {case.path}: {answer.status_code} for {asked}")
        elif answer.status_code in {200, 201} and answer.headers["content-type"].startswith("application/json"):
            learn(answer.json(), parameter_after(paths, case.path), gateway.known)

    before = resident_bytes()
    for operation in operations:
        strategy = operation.as_strategy()

        @settings(
            max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        # Its seed is drawn, not its choices: what there is to choose from grows from one example to the next.
        @given(case=strategy, chance=st.randoms(use_true_random=True))
        def ask(case: Case, chance: random.Random) -> None:
            call(case, chance)

        ask()
    assert not crashes, json.dumps(crashes[:10], indent=1)
    assert statuses.get(200, 0) > len(operations) // 4, f"hardly anything was let in: {statuses}"
    assert resident_bytes() - before < MEMORY_BYTES
