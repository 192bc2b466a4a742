"""Every form of the pages, sent as a browser would not: whatever stands in its fields, the page answers with words."""

import os
from urllib.parse import quote, urlencode

import pytest
from httpx import Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.incidents import exclusion_steps
from gateway.loans import loan_pages
from gateway.lockers import door_pages
from gateway.staff.attempts import Attempts
from gateway.web.install import PAGES
from tests.property.gateway.conftest import Open, TestClient
from tests.property.gateway.shown_forms import STEPS, Forms, Page, ShownForm, addresses, routes, shown_forms

SOAK_COUNT = int(os.environ.get("SOAK_COUNT", "0"))
# A thousand pages and forms: where others compute beside them, more than a minute each. A soak takes its time.
pytestmark = pytest.mark.timeout(0 if SOAK_COUNT else 400)
EXAMPLES = max(2, SOAK_COUNT // 50)  # of each form, beside what is offered
HOSTILE = (
    "", " ", "0", "-1", "99999999999999999999", "1e309", "2026-02-30", "0000-00-00", "99:99", "\x00",
    "a\x00b", "\ud83d",
    "'; DROP TABLE person; --", "=HYPERLINK(\"http://a\")", "<script>alert(1)</script>", "../../etc/passwd", "%00",
    "é" * 300,
    "x" * 20_000, "null", "[]", "montreuil-1/1", "montreuil-1/99999", "2026-06-15", "2099-12-31", "1", "on", "fr",
)  # fmt: skip


def test_an_address_with_a_number_that_no_database_holds_is_no_page(gateway: Open) -> None:
    gateway.renew()
    for number in ("99999999999999999999", "-99999999999999999999", "0", "\ud83d"):
        gaps = gateway.known | {"number": [quote(number, errors="surrogatepass")]}
        asked = [path for path in addresses(gaps) if gaps["number"][0] in path.split("/")]
        assert len(asked) > 3
        for page in asked:
            answer = gateway.client.get(page)
            assert 400 <= answer.status_code < 500, (page, answer.status_code)


# A form that is sent again leads where it led before, and does nothing: each is sent for the first time.
ONCE = st.uuids(version=4).map(str)


def every_step() -> set[tuple[str, str]]:
    """Each address that ends with what is done, with each thing that its module can do there."""
    tables = {
        "/keys/{key_id}/{step}": door_pages._KEY_STEPS,
        "/tools/loans/{loan_id}/{decision}": loan_pages._DECISIONS,
        "/exclusions/{exclusion_id}/{step}": exclusion_steps.STEPS,
    }
    return {
        (route.path, step)
        for module in PAGES
        for route in module.router.routes
        if route.path.endswith(STEPS) and "POST" in route.methods
        for step in tables.get(route.path) or module._STEPS
    }


@pytest.fixture(scope="module")
def forms(gateway: Open) -> Forms:
    return shown_forms(gateway)


def test_every_form_there_is_is_shown_by_a_town_with_one_of_each_thing(forms: Forms) -> None:
    """What is not shown here is not tried below."""
    assert {route.path for route in routes("POST")} - {route for route, _step in forms} == set()
    assert every_step() - set(forms) == set()


def fillings(form: ShownForm) -> st.SearchStrategy[dict[str, str]]:
    """What is sent: as the page offers it, but for a few fields with something odd, or left out."""
    usual = {name: st.sampled_from(offered or [""]) for name, offered in form.fields.items()}
    if "once" in usual:
        usual["once"] = ONCE
    names = sorted(set(usual) - {"csrf"})
    odd = st.none() | st.sampled_from(HOSTILE) | st.text(max_size=40)
    twists = st.dictionaries(st.sampled_from(names), odd, max_size=3) if names else st.just({})
    return st.builds(
        lambda filled, twist: {name: text for name, text in (filled | twist).items() if text is not None},
        st.fixed_dictionaries(usual), twists,
    )  # fmt: skip


@pytest.mark.counted
def test_whatever_is_typed_into_a_form_the_page_answers(gateway: Open, forms: Forms) -> None:
    crashes: list[str] = []

    def let_in(form: ShownForm, typed: dict[str, str]) -> bool:
        gateway.renew(form.to)
        answer = sent(gateway.client, form.action, typed)
        if answer.status_code >= 500:
            crashes.append(f"{form.action}: {answer.status_code} for {typed}")
        return answer.status_code < 400

    def fuzz(alike: list[ShownForm]) -> None:
        @settings(
            max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.data())
        def send(data: st.DataObject) -> None:
            form = data.draw(st.sampled_from(alike))
            let_in(form, data.draw(fillings(form)))

        send()

    shut = {what for what, alike in forms.items() if not any(let_in(form, form.plain) for form in alike)}
    for alike in forms.values():
        fuzz(alike)
    assert not crashes, "\n".join(crashes[:10])
    assert len(shut) < len(forms) // 8, f"filled in as they are shown, these are refused: {shut}"


def sent(client: TestClient, action: str, typed: dict[str, str]) -> Response:
    """The answer to a form."""
    body = urlencode(typed, errors="surrogatepass")
    return client.post(action, content=body, headers={"content-type": "application/x-www-form-urlencoded"})


@pytest.mark.counted
def test_whatever_is_typed_by_someone_who_is_not_signed_in_lets_nobody_in(gateway: Open) -> None:
    gateway.renew("nobody")
    shown = next(form for form in Page(gateway.client.get("/sign-in").text).forms if "password" in form.fields)
    fields = {name: offered[0] for name, offered in shown.fields.items()} | {"password": "another one"}
    assert {"csrf", "email", "password"} <= fields.keys()

    def send(name: str, typed: str) -> None:
        gateway.app.state.attempts = Attempts()  # else most of them are refused unread
        for address in ("/sign-in", "/sign-out", "/language"):
            answer = sent(gateway.client, address, fields | {name: typed})
            assert answer.status_code < 500, (address, name, typed[:40], answer.status_code)
            assert not answer.cookies.get("casier_session"), (address, name, typed[:40])
            where = answer.headers.get("location", "/")
            assert where.startswith("/"), (address, name, typed[:40], where)
            assert not where.startswith("//"), (address, name, typed[:40], where)

    for name in fields:
        for typed in HOSTILE:
            send(name, typed)

    @settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(name=st.sampled_from(sorted(fields)), typed=st.text(max_size=40))
    def any_text(name: str, typed: str) -> None:
        send(name, typed)

    any_text()


def test_a_body_that_is_no_form_is_refused(gateway: Open) -> None:
    gateway.renew()
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "text/=;"):
        for body in (
            b"\xff\xfe",
            b"&&&=%ZZ",
            b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n",
            b"a=" + b"b" * 70_000,
        ):
            answer = gateway.client.post("/people", content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (kind, body[:20], answer.status_code)
