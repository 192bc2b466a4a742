"""Every form of the pages, sent as a browser would not: whatever stands in its fields, the page answers with words."""

import os
import re
import warnings
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.web.install import PAGES
from tests.property.gateway.conftest import Open

SOAK_COUNT = int(os.environ.get("SOAK_COUNT", "0"))
EXAMPLES = max(4, SOAK_COUNT // 50)  # of each form
HOSTILE = (
    "", " ", "0", "-1", "99999999999999999999", "1e309", "2026-02-30", "0000-00-00", "99:99", "\x00",
    "a\x00b", "\ud83d",
    "'; DROP TABLE person; --", "=HYPERLINK(\"http://a\")", "<script>alert(1)</script>", "../../etc/passwd", "%00",
    "é" * 300,
    "x" * 20_000, "null", "[]", "montreuil-1/1", "montreuil-1/99999", "2026-06-15", "2099-12-31", "1", "on", "fr",
)  # fmt: skip


class Forms(HTMLParser):
    """The forms of a page: address and the names of the fields, with the values that it offers."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and found.get("method", "").lower() == "post":
            self.forms.append((found.get("action", ""), {}))
        elif tag in {"input", "textarea", "select", "button"} and self.forms and found.get("name"):
            self._select = found["name"]
            self.forms[-1][1].setdefault(found["name"], []).append(found.get("value", ""))
        elif tag == "option" and self.forms and self._select:
            self.forms[-1][1].setdefault(self._select, []).append(found.get("value", ""))


def pages(known: dict[str, list[str]]) -> list[str]:
    """The address of every page that can be shown, its gaps filled with what exists."""
    paths = [
        route.path
        for module in PAGES
        for route in module.router.routes
        if "GET" in getattr(route, "methods", ()) and not route.path.startswith("/live/")
    ]
    return [re.sub(r"\{(\w+)\}", lambda gap: known.get(gap[1], ["end"])[0], path) for path in paths]


def test_an_address_with_a_number_that_no_database_holds_is_no_page(gateway: Open) -> None:
    for number in ("99999999999999999999", "-99999999999999999999", "0", "\ud83d"):
        gaps = gateway.known | {"number": [quote(number, errors="surrogatepass")]}
        asked = [path for path in pages(gaps) if gaps["number"][0] in path.split("/")]
        assert len(asked) > 3
        for page in asked:
            answer = gateway.client.get(page)
            assert 400 <= answer.status_code < 500, (page, answer.status_code)


def forms_of(gateway: Open) -> dict[str, dict[str, list[str]]]:
    """Every form of every page, by its address."""
    found: dict[str, dict[str, list[str]]] = {}
    for page in pages(gateway.known):
        answer = gateway.client.get(page)
        assert answer.status_code < 500, f"{page}: {answer.status_code}"
        if answer.headers.get("content-type", "").startswith("text/html"):
            parser = Forms()
            parser.feed(answer.text)
            found |= {action or page: fields for action, fields in parser.forms}
    return found


def test_whatever_is_typed_into_a_form_the_page_answers(gateway: Open) -> None:
    crashes: list[str] = []
    answered = 0
    forms = forms_of(gateway)
    # Signing out would end the visit, and passwords are slow on purpose.
    forms = {action: fields for action, fields in forms.items() if not action.startswith(("/sign-", "/staff"))}
    assert len(forms) > 20

    def fuzz(action: str, fields: dict[str, list[str]]) -> None:
        values = {
            name: st.sampled_from([*offered, *HOSTILE]) | st.text(max_size=40)
            for name, offered in fields.items()
            if name != "csrf"
        }

        @settings(
            max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(typed=st.fixed_dictionaries(values))
        def send(typed: dict[str, str]) -> None:
            nonlocal answered
            body = urlencode(typed | {"csrf": gateway.csrf}, errors="surrogatepass")
            answer = gateway.client.post(
                action, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
            )
            answered += answer.status_code < 400 or answer.status_code == 422
            if answer.status_code >= 500 and answer.status_code != 503:
                crashes.append(f"{action}: {answer.status_code} for {typed}")

        send()

    for action, fields in sorted(forms.items()):
        fuzz(action, fields)
    assert not crashes, "\n".join(crashes[:10])
    assert answered > len(forms), f"hardly any form was let in: {answered} of {len(forms) * EXAMPLES}"


def test_whatever_is_typed_by_someone_who_is_not_signed_in_lets_nobody_in(gateway: Open) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see conftest.py
        stranger = type(gateway.client)(gateway.app, raise_server_exceptions=False, follow_redirects=False)
    parser = Forms()
    parser.feed(stranger.get("/sign-in").text)
    shown = next(fields for action, fields in parser.forms if action in ("", "/sign-in") and "password" in fields)
    fields = {name: (offered or [""])[0] for name, offered in shown.items()}
    assert {"csrf", "email", "password"} <= fields.keys()
    for name in fields:
        for typed in HOSTILE:
            body = urlencode(
                {"email": "a@example.org", "password": "x"} | fields | {name: typed}, errors="surrogatepass"
            )
            for address in ("/sign-in", "/sign-out", "/language"):
                answer = stranger.post(
                    address, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
                )
                assert answer.status_code < 500, (address, name, typed[:40], answer.status_code)
                assert "casier_session" not in answer.cookies, (address, name, typed[:40])
                where = answer.headers.get("location", "/")
                assert where.startswith("/"), (address, name, typed[:40], where)
                assert not where.startswith("//"), (address, name, typed[:40], where)
    stranger.close()


def test_a_body_that_is_no_form_is_refused(gateway: Open) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "text/=;"):
        for body in (
            b"\xff\xfe",
            b"&&&=%ZZ",
            b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n",
            b"a=" + b"b" * 70_000,
        ):
            answer = gateway.client.post("/people", content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (kind, body[:20], answer.status_code)
