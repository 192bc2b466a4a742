"""The HTTP API over a real server: every error is a problem, nothing malformed is a 500, lists come in pages."""

import concurrent.futures
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.gateway.conftest import Broker, Gateway, free_port
from tests.integration.gateway.scripted import ScriptedController

PROBLEM = "application/problem+json"
DATES = {"starts_on": "2026-01-01", "ends_on": "2099-01-01"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    home = tmp_path_factory.mktemp("api")
    broker = Broker(home, free_port())
    broker.start()
    made = Gateway(home / "data", broker.port)
    made.sign_in()
    made.join(ScriptedController("montreuil-1", "127.0.0.1", broker.port), lockers=250)
    made.start()
    yield made
    made.stop()
    broker.stop()
    assert "Traceback" not in made.log_text()
    assert '"unforeseen"' not in made.log_text()


@pytest.fixture(scope="module")
def openapi(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = gateway.api.get("/api/v1/openapi.json").json()
    return found


def person(gateway: Gateway) -> str:
    made: str = gateway.call("POST", "/people", 201, name="Nadia Benali")["id"]
    return made


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == PROBLEM, answer.text
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["title"]
    assert body["detail"]
    return body


def test_health_and_readiness_name_what_they_looked_at(gateway: Gateway) -> None:
    assert gateway.api.get("/healthz").json() == {"status": "ok"}
    checks = gateway.api.get("/readyz").json()["checks"]
    assert checks == {"database": True, "broker": True, "migrations": True}


def test_without_a_token_nothing_is_told(gateway: Gateway, openapi: dict[str, Any]) -> None:
    for path, methods in openapi["paths"].items():
        for method in methods:
            url = path.replace("{bank}", "montreuil-1").replace("{number}", "1")
            answer = httpx.request(method, gateway.url + url, timeout=10)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            problem(answer, 401, "token")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer \x7f", "Bearer " + "y" * 5000])
def test_a_wrong_token_is_refused(gateway: Gateway, token: str) -> None:
    answer = httpx.get(f"{gateway.url}/api/v1/people", headers={"Authorization": token}, timeout=10)
    problem(answer, 401, "token")


def test_what_is_not_there_and_what_is_not_allowed_are_problems(gateway: Gateway) -> None:
    problem(gateway.api.get("/api/v1/nowhere"), 404, "not_found")
    refused = gateway.api.delete("/api/v1/people")
    problem(refused, 405, "method_not_allowed")
    assert "GET" in refused.headers["allow"]
    problem(gateway.api.get("/api/v1/contracts/none"), 404, "contract")
    problem(gateway.api.get("/api/v1/commands/none"), 404, "command")
    problem(gateway.api.post("/api/v1/badges/none/revoke"), 404, "badge")
    problem(gateway.api.post("/api/v1/lockers/none/1/open", json={"reason": "emergency"}), 404, "bank")
    problem(gateway.api.post("/api/v1/lockers/montreuil-1/999/open", json={"reason": "emergency"}), 404, "locker")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 60_000, b'{"name": 1}', b'{"name": "\\ud800"}', b'{"x": 1}',
     b'{"name": "a\\u0000b"}', b'{"name": "  "}', b'{"name": "a", "language": "xx"}', b'{"name":' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_malformed_bodies_are_told_where_they_are_wrong(gateway: Gateway, content: bytes) -> None:
    answer = gateway.api.post("/api/v1/people", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "path",
    [
        "/events?after=x", "/events?after=-1", "/events?after=99999999999999999999999", "/events?limit=0",
        "/people?limit=501", "/lockers?after=x", "/lockers?after=montreuil-1:99999999999999999999",
        "/lockers?after=montreuil-1:%C2%B2", "/contracts?state=none", "/people?search=x",
    ],
)  # fmt: skip
def test_malformed_queries_are_problems(gateway: Gateway, path: str) -> None:
    answer = gateway.api.get("/api/v1" + path)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == PROBLEM


def test_a_misspelt_filter_is_refused_and_does_not_answer_with_everything(gateway: Gateway) -> None:
    said = problem(gateway.api.get("/api/v1/contracts?stat=active"), 422, "query")
    assert "'stat'" in said["detail"]
    assert "state" in said["detail"]


def test_a_name_in_an_address_is_refused_and_told_where_it_goes(gateway: Gateway) -> None:
    answer = gateway.api.get("/api/v1/people?search=Benali")
    assert "POST /api/v1/people/search" in problem(answer, 422, "query")["detail"]
    assert "Benali" not in answer.text
    problem(gateway.api.post("/api/v1/people/search?name=Benali", json={"name": "Benali"}), 422, "query")


def test_people_are_found_by_a_name_in_the_body_page_by_page(gateway: Gateway) -> None:
    made = [gateway.call("POST", "/people", 201, name=f"Zoé Quérel {letter}")["id"] for letter in "abc"]
    first = gateway.call("POST", "/people/search?limit=2", name="querel ZO")
    assert ([item["id"] for item in first["items"]], first["next"]) == (made[:2], made[1])
    rest = gateway.call("POST", f"/people/search?after={first['next']}", name="querel ZO")
    assert (rest["items"], rest["next"]) == ([gateway.call("GET", f"/people/{made[2]}")], None)
    assert gateway.call("POST", "/people/search", name="Nobody So Called")["items"] == []
    for wrong in ({}, {"name": ""}, {"name": "x" * 201}, {"search": "querel"}, {"name": "querel", "limit": 2}):
        problem(gateway.api.post("/api/v1/people/search", json=wrong), 422, "malformed")


def test_a_body_too_large_for_anything_here_is_refused_before_it_is_read(gateway: Gateway) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"name":"'
        for _ in range(10_000):
            yield b"a" * 10_000

    for content in (b'{"name":"' + b"a" * 70_000 + b'"}', endless()):
        answer = gateway.api.post("/api/v1/people", content=content, headers={"Content-Type": "application/json"})
        problem(answer, 413, "too_large")


def test_a_volunteer_s_token_opens_no_contract_and_reads_no_log(gateway: Gateway) -> None:
    account = json.loads(gateway.run("staff", "add", "v@example.org", "--role", "volunteer", "--json").stdout)
    token = json.loads(gateway.run("token", "add", account["email"], "--json").stdout)["api_token"]
    volunteer = httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {token}"})
    assert volunteer.get("/api/v1/lockers").status_code == 200
    problem(volunteer.get("/api/v1/events"), 403, "role")
    problem(volunteer.post("/api/v1/contracts", json={}), 403, "role")
    volunteer.close()


def test_a_revoked_token_is_refused_at_its_next_request(gateway: Gateway) -> None:
    made = [gateway.run("token", "add", "worker@example.org", "--name", "door script").stdout.strip() for _ in "ab"]
    program, other = (httpx.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {one}"}) for one in made)
    assert program.get("/api/v1/lockers").status_code == 200
    listed = gateway.run("token", "list", "--json").stdout
    assert not any(one in listed or one.removeprefix("casier_") in listed for one in made)
    mine = next(line for line in json.loads(listed) if line["name"] == "door script")
    assert (mine["email"], mine["revoked_at"]) == ("worker@example.org", None)
    gateway.run("token", "revoke", mine["id"])
    problem(program.get("/api/v1/lockers"), 401, "token")
    assert other.get("/api/v1/lockers").status_code == 200
    assert "token_revoked" in gateway.run("audit", "list", "--subject", mine["id"]).stdout
    program.close()
    other.close()


def test_a_validation_problem_does_not_repeat_what_was_sent(gateway: Gateway) -> None:
    answer = gateway.api.post("/api/v1/badges", json={"number": "em4100:SECRET", "label": "x"})
    problem(answer, 422, "badge")
    assert "SECRET" not in answer.text
    longer = gateway.api.post("/api/v1/badges", json={"number": "em4100:SECRET" * 20, "label": "x"})
    problem(longer, 422, "malformed")
    assert "SECRET" not in longer.text
    assert "SECRET" not in gateway.log_text()


def test_double_assignment_overlap_and_a_badge_in_use_change_nothing(gateway: Gateway) -> None:
    first, second = person(gateway), person(gateway)
    badge = gateway.call("POST", "/badges", 201, number="em4100:00000000A1", label="A1", person_id=first)
    again = gateway.api.post("/api/v1/badges", json={"number": "em4100:00000000a1", "label": "A1"})
    problem(again, 409, "badge_in_use")
    place = {"bank": "montreuil-1", "number": 7}
    gateway.call(
        "POST", "/contracts", 201, person_id=first, badge_id=badge["id"], **place, **{**DATES, "ends_on": "2026-12-31"}
    )
    taken = gateway.api.post(
        "/api/v1/contracts", json={"person_id": second, **place, "starts_on": "2026-12-31", "ends_on": "2027-01-31"}
    )
    problem(taken, 409, "locker_taken")
    elsewhere = {"person_id": second, "bank": "montreuil-1", "number": 8, "badge_id": badge["id"]}
    other = gateway.api.post(
        "/api/v1/contracts", json={**elsewhere, "starts_on": "2026-01-01", "ends_on": "2027-01-31"}
    )
    problem(other, 409, "badge_in_use")
    assert gateway.call("GET", f"/contracts?person={second}")["items"] == []


def test_of_many_who_assign_one_locker_at_once_one_succeeds(gateway: Gateway) -> None:
    people = [person(gateway) for _ in range(12)]

    def assign(who: str) -> int:
        body = {
            "person_id": who,
            "bank": "montreuil-1",
            "number": 9,
            "starts_on": "2026-01-01",
            "ends_on": "2027-01-31",
        }
        return gateway.api.post("/api/v1/contracts", json=body).status_code

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(assign, people)) == [201] + [409] * 11


def test_the_life_of_a_contract_over_http(gateway: Gateway) -> None:
    who, other = person(gateway), person(gateway)
    place = {"bank": "montreuil-1", "number": 10}
    dates = {"starts_on": str(datetime.now(ZoneInfo("Europe/Paris")).date()), "ends_on": "2090-01-31"}
    made = gateway.call("POST", "/contracts", 201, person_id=who, **place, **dates)
    url = f"/contracts/{made['id']}"
    stop = {"reason": "incident", "review_on": "2089-01-01", "fetch": "phone", "fetch_note": "01 00 00 00 00"}
    suspended = gateway.call("POST", f"{url}/suspend", **stop)
    assert (suspended["state"], suspended["fetch"]) == ("suspended", "phone")
    told = problem(
        gateway.api.post(f"/api/v1{url}/suspend?seen={made['version']}", json=stop), 409, "changed_meanwhile"
    )
    assert told["action"] == "suspend"
    assert gateway.call("GET", f"/contracts?state=suspended&person={who}")["items"][0]["id"] == made["id"]
    assert gateway.call("POST", f"{url}/resume")["state"] == "active"
    assert gateway.call("POST", f"{url}/resume")["state"] == "active"
    next_one = {"person_id": other, **dates}
    problem(gateway.api.post(f"/api/v1{url}/reassign", json=next_one), 409, "still_held")
    assert gateway.call("POST", f"{url}/end", reason="own_solution")["state"] == "ending"
    problem(
        gateway.api.post(f"/api/v1{url}/suspend", json=stop),
        409,
        "transition",
    )
    problem(gateway.api.post(f"/api/v1{url}/reassign", json=next_one), 409, "still_collecting")
    assert gateway.call("POST", f"{url}/emptied")["state"] == "ended"
    problem(gateway.api.post(f"/api/v1{url}/reassign", json=next_one), 409, "locker_not_ready")
    gateway.call("POST", f"{url}/how-ended", reason="own_solution", decided_by="holder", destination="own_housing")
    assert gateway.call("GET", f"{url}/file")["destination"] == "own_housing"
    record = gateway.call("GET", f"{url}/transitions")["items"]
    assert [line["action"] for line in record] == ["assign", "suspend", "resume", "end", "emptied", "say_how"]
    gateway.call("POST", f"/lockers/{place['bank']}/{place['number']}/checks", checks=["cleaned", "lock"])
    assert gateway.call("POST", f"{url}/reassign", 201, **next_one)["lockers"][0]["number"] == 10


def test_pages_hold_every_item_once(gateway: Gateway) -> None:
    for path, key in (("/lockers?limit=97", "number"), ("/events?limit=97", "id"), ("/banks?limit=1", "id")):
        seen: list[int] = []
        after: str | None = ""
        while after is not None:
            page = gateway.call("GET", path + (f"&after={after}" if after else ""))
            seen += [item[key] for item in page["items"]]
            after = page["next"]
        assert len(seen) == len(set(seen))
        if key == "number":
            assert seen == list(range(1, 251))


def test_a_pin_goes_in_once_and_never_comes_out(gateway: Gateway) -> None:
    badge = gateway.call("POST", "/badges", 201, number="em4100:00000ABCDE", label="P-1", person_id=person(gateway))
    path = f"/badges/{badge['id']}/pin"
    assert badge["has_pin"] is False
    assert gateway.call("POST", path, 200, pin="82659174")["has_pin"] is True
    for wrong in ("123", "123456789", "12a4", 4711):
        answer = gateway.api.post(f"/api/v1{path}", json={"pin": wrong})
        assert answer.status_code == 422
        assert str(wrong) not in answer.text
    told = gateway.api.get("/api/v1/events").text + gateway.api.get(f"/api/v1/badges/{badge['id']}").text
    assert "82659174" not in told + gateway.log_text()
    assert gateway.call("POST", path, 200, pin=None)["has_pin"] is False


def test_the_description_has_every_action_with_its_problems(openapi: dict[str, Any]) -> None:
    wanted = {
        ("get", "/api/v1/lockers"), ("get", "/api/v1/events"), ("post", "/api/v1/lockers/{bank}/{number}/open"),
        ("post", "/api/v1/contracts"), ("post", "/api/v1/contracts/{contract_id}/suspend"),
        ("post", "/api/v1/contracts/{contract_id}/resume"), ("post", "/api/v1/contracts/{contract_id}/end"),
        ("post", "/api/v1/contracts/{contract_id}/reassign"), ("post", "/api/v1/badges/{badge_id}/revoke"),
        ("get", "/api/v1/people"), ("get", "/api/v1/contracts"), ("get", "/api/v1/badges"),
        ("get", "/api/v1/commands/{command_id}"),
    }  # fmt: skip
    found = {(method, path) for path, methods in openapi["paths"].items() for method in methods}
    assert wanted <= found
    for path, methods in openapi["paths"].items():
        for method, route in methods.items():
            assert route["security"], (method, path)
            assert PROBLEM in json.dumps(route["responses"]), (method, path)


def test_the_page_that_describes_the_api_loads_nothing_from_elsewhere(gateway: Gateway) -> None:
    page = gateway.api.get("/api/v1/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) >= 4
    assert [url for url in wanted if not url.startswith("/static/")] == ["openapi.json"]
    assert all(gateway.api.get(url).status_code == 200 for url in wanted if url.startswith("/static/"))


def test_answers_with_people_in_them_are_kept_by_no_cache(gateway: Gateway) -> None:
    assert gateway.api.get("/api/v1/people").headers["cache-control"] == "no-store"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_whatever_gets_a_500(gateway: Gateway, openapi: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(openapi["paths"])))
    method = data.draw(st.sampled_from(sorted(openapi["paths"][path])))
    junk = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300), st.dates().map(str),
        st.lists(st.integers(), max_size=3),
    )  # fmt: skip
    names = sorted(
        {name for schema in openapi["components"]["schemas"].values() for name in schema.get("properties", ())}
    )
    body = data.draw(st.one_of(st.none(), junk, st.dictionaries(st.sampled_from(names), junk, max_size=8)))
    query = data.draw(
        st.dictionaries(
            st.sampled_from(["after", "limit", "state", "kind", "bank", "locker", "person"]),
            st.text(max_size=40),
            max_size=3,
        )
    )
    for name in ("bank", "number", "contract_id", "badge_id", "person_id", "command_id"):
        path = path.replace(
            f"{{{name}}}",
            data.draw(st.sampled_from(["montreuil-1", "1", "0", "-1", "9" * 30, "x", "%00", "%ff", "é" * 50])),
        )
    content = json.dumps(body).encode() if body is not None else None
    answer = gateway.api.request(
        method, path, params=query, content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code < 500 or answer.json()["code"] in ("offline", "held"), (
        method,
        path,
        query,
        body,
        answer.text,
    )
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM
