"""Every form that a town's pages show, found as a reader would: by following links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from starlette.routing import Match, Route

from gateway.web.install import PAGES
from tests.property.gateway.conftest import PASSWORD, Open
from tests.property.gateway.one_of_each import Known

Forms = dict[tuple[str, str], list["ShownForm"]]
# Of one address with the same names in its query: as many as differ in what can be done.
ALIKE = 9
# The last part of an address that says what is done.
STEPS = ("/{step}", "/{decision}")
# Who sees which page, if not everything: whoever has a desk open is not asked to open one, nor to sign in.
FROM: dict[str, list[str]] = {"operator": [], "newcomer": ["/desk"], "nobody": ["/sign-in"]}
# What is typed where a page offers nothing.
TYPED = {
    "date": "2026-06-22", "number": "1", "numeric": "1", "decimal": "1", "time": "10:30", "email": "lea@example.org",
    "datetime-local": "2026-06-15T10:00",
}  # fmt: skip
BY_NAME = {
    "badge_number": "em4100:62E3086CED", "address": "json://127.0.0.1:9/nobody", "block_id": "lilas-1", "counted": "3",
    "pin": "2580", "again": "2580", "quiet_from": "22:00", "quiet_until": "7:00", "email": "operator@example.org",
    "password": PASSWORD, "died_on": "2026-06-14", "keep_until": "2026-12-31", "first": "31", "last": "32",
}  # fmt: skip


def routes(method: str) -> list[Route]:
    """Every page's address, in the order in which they are looked at."""
    found = [route for module in PAGES for route in module.router.routes if isinstance(route, Route)]
    return [route for route in found if method in (route.methods or ()) and not route.path.startswith("/live/")]


def route_of(method: str, path: str) -> str:
    """The pattern that answers `path`; empty if it is no page's."""
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    return next((route.path for route in routes(method) if route.matches(scope)[0] is Match.FULL), "")


@dataclass(frozen=True)
class ShownForm:
    """Where a form leads, what its fields offer by their names, and to whom it is shown."""

    action: str
    fields: dict[str, list[str]]
    to: str = "operator"

    @property
    def plain(self) -> dict[str, str]:
        """As somebody fills it in who takes what comes first."""
        return {name: next(filter(None, offered), "") for name, offered in self.fields.items()}

    @property
    def route(self) -> str:
        """The pattern that answers it."""
        return route_of("POST", urlsplit(self.action).path)

    @property
    def step(self) -> str:
        """What is done, where the address names it; else empty."""
        return urlsplit(self.action).path.rpartition("/")[2] if self.route.endswith(STEPS) else ""


class Page(HTMLParser):
    """Forms and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[ShownForm] = []
        self.links: list[str] = []
        self._within: dict[str, list[str]] | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "a":
            self.links.append(found.get("href", ""))
        elif tag == "form":
            self._within = {} if found.get("method", "").lower() == "post" else None
            if self._within is not None:
                self.forms.append(ShownForm(found.get("action", ""), self._within))
        elif self._within is None:
            return
        elif tag == "option":
            self._within[self._select].append(found.get("value", ""))
        elif name and tag in {"input", "textarea", "select", "button"}:
            offered = self._within.setdefault(name, [])
            self._select = name
            if tag != "select":
                offered.append(found.get("value") or _typed(name, found.get("inputmode") or found.get("type", "text")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._within = None


def _typed(name: str, kind: str) -> str:
    return "" if kind == "hidden" else BY_NAME.get(name, TYPED.get(kind, "Nadia"))


def shown_forms(gateway: Open) -> Forms:
    """All that the pages show, by where they lead and what they do there."""
    found: dict[tuple[str, str], dict[tuple[str, frozenset[str]], ShownForm]] = {}
    for who, first in FROM.items():
        gateway.renew(who)
        for path, page in _read(gateway, first or addresses(gateway.known)):
            for form in page.forms:
                shown = ShownForm(form.action or path, form.fields, who)
                alike = found.setdefault((shown.route, shown.step), {})
                alike.setdefault((shown.action, frozenset(shown.fields)), shown)
    return {what: list(alike.values()) for what, alike in found.items()}


def addresses(known: Known) -> list[str]:
    """Every page of each thing that is known."""
    return [path for route in routes("GET") for path in _filled(route.path, known)]


def _read(gateway: Open, waiting: list[str]) -> Iterator[tuple[str, Page]]:
    """Every page that these lead to, with its path."""
    seen: dict[tuple[str, frozenset[str]], set[str]] = {}
    for path in waiting:
        at = urlsplit(path)
        alike = seen.setdefault((route_of("GET", at.path), frozenset(dict(parse_qsl(at.query)))), set())
        if path in alike or len(alike) >= ALIKE:
            continue
        alike.add(path)
        answer = gateway.client.get(path)
        assert answer.status_code < 500, f"{path}: {answer.status_code}"
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Page(answer.text)
            yield at.path, page
            links = (urljoin(path, link) for link in page.links if link.startswith(("/", "?")))
            waiting += [link for link in links if route_of("GET", urlsplit(link).path)]


def _filled(pattern: str, known: Known) -> list[str]:
    """The address with each thing that is known in its last gap, and the first that is known in those before."""
    *before, last = [known.get(gap, ["end"]) for gap in re.findall(r"{(\w+)", pattern)] or [[""]]
    gaps = re.sub(r"{[^}]+}", "{}", pattern)
    return [gaps.format(*(each[0] for each in before), one) for one in last]
