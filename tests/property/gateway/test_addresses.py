"""Every page's address, signed in, with odd values in its gaps and for all that it asks of its query."""

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from starlette.datastructures import QueryParams

from gateway.web.install import PAGES
from tests.property.gateway.conftest import Open

HUGE = "99999999999999999999"
ODD = ("-1", "a\x00é", "\ud83d", "2026-02-30", "")  # one for each address, in turn
# They end when the reader goes.
_STREAMS = "/live/"


def addresses() -> list[str]:
    """The pattern of every page that answers GET; the API is asked by its own description (test_http_api.py)."""
    return sorted(
        route.path
        for module in PAGES
        for route in module.router.routes
        if "GET" in route.methods and not route.path.startswith(_STREAMS)
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that somebody has looked for in a query."""
    names: set[str] = set()
    for look in ("get", "getlist", "__getitem__", "__contains__"):
        real = getattr(QueryParams, look)

        def looked(query: QueryParams, name: str, *facts: Any, real: Any = real) -> Any:
            names.add(name)
            return real(query, name, *facts)

        monkeypatch.setattr(QueryParams, look, looked)
    return names


def _filled(pattern: str, gaps: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda gap: quote(gaps[gap[1]], safe="", errors="surrogatepass"), pattern)


def test_no_address_is_a_crash_whatever_stands_in_it(gateway: Open, asked: set[str]) -> None:
    crashes: list[str] = []
    tried = 0
    everywhere: set[str] = set()

    def ask(address: str, query: dict[str, str]) -> None:
        nonlocal tried
        tried += 1
        answer = gateway.client.get(f"{address}?{urlencode(query, errors='surrogatepass')}")
        if answer.status_code >= 500:
            crashes.append(f"{address} {query}: {answer.status_code}")

    for turn, pattern in enumerate(addresses()):
        names, odd = re.findall(r"\{(\w+)", pattern), ODD[turn % len(ODD)]
        gaps = {name: gateway.known.get(name, ["end"])[0] for name in names}
        whole = _filled(pattern, gaps)
        asked.clear()
        ask(whole, {})
        for name in names:
            ask(_filled(pattern, gaps | {name: HUGE}), {})
            ask(_filled(pattern, gaps | {name: odd}), {})
        looked_for = sorted(asked - everywhere)
        everywhere |= asked & {"done"}
        for name in looked_for:
            ask(whole, {name: HUGE})
        if looked_for:
            ask(whole, dict.fromkeys(looked_for, odd))
    assert not crashes, "\n".join(crashes)
    assert tried > 100
