"""What stands on the screen says what is so: when, how long, whose, and why somebody is signed out."""

import re
from zoneinfo import ZoneInfo

import pytest

from gateway.care import waiting
from gateway.care.codes import Source
from gateway.care.waiting import Wait
from gateway.custody.codes import Witness
from gateway.errors import InvalidError
from gateway.incidents import hazards
from gateway.incidents.codes import HazardAction, HazardKind
from gateway.lockers import service as lockers
from gateway.schemes.service import scheme_named
from gateway.staff import closing
from gateway.staff.models import Staff
from gateway.web import formats
from tests.unit.gateway.pages.conftest import Browser, Office
from tests.unit.gateway.town import DAY, NOON

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("language", "today", "before"),
    [
        ("en", "today at 12:00", "1 June 2026 at 12:00"),
        ("fr", "aujourd’hui à 12:00", "1er juin 2026 à 12:00"),
        ("pt", "hoje às 12:00", "1 de junho de 2026 às 12:00"),
    ],
)
def test_a_time_that_stands_alone_has_its_day_and_no_seconds(language: str, today: str, before: str) -> None:
    assert formats.when(NOON, PARIS, language, NOON + HOUR) == today
    assert formats.when(NOON - 14 * DAY, PARIS, language, NOON) == before


def test_on_paper_today_has_its_date() -> None:
    assert formats.when(NOON, PARIS, "en", None) == "15 June 2026 at 12:00"


def _inspected(office: Office, worker: Browser) -> str:
    office.holder(number=3)
    with office.database.writing() as session:
        made = hazards.report(
            session, bank_id="montreuil-1", number=3, kind=HazardKind.WET, actor=worker.staff_id, now=NOON
        )
        hazards.inspect(
            session, made.id, witness_kind=Witness.HOLDER, found=HazardKind.WET, action=HazardAction.DRIED_OR_CLEANED,
            actor=worker.staff_id, now=NOON,
        )  # fmt: skip
    return f"/hazards/{made.id}"


def test_a_notice_is_written_and_printed_in_lines_and_says_its_day(office: Office, worker: Browser) -> None:
    url = _inspected(office, worker)
    page = worker.get(url)
    assert "today at 12:00" in page
    assert '<textarea class="input" id="note" name="note"' in page
    worker.send(f"{url}/notice", note="It was wet.\nAsk at the desk.")
    printed = worker.get(f"{url}/print?in=en")
    assert '<p class="written">It was wet.\nAsk at the desk.</p>' in printed
    assert "15 June 2026 at 12:00" in printed
    assert "today" not in printed


def test_a_notice_as_long_as_the_page_allows_is_kept_to_its_last_word(office: Office, worker: Browser) -> None:
    """A browser counts the end of a line as one character, and sends two."""
    url = _inspected(office, worker)
    written = "It was wet, and is dry.\n" * 18 + "Ask for it at 12 rue de Paris, on weekdays, before the 30th of June."
    assert len(written) == 500
    worker.get(url)
    worker.send(f"{url}/notice", note=written.replace("\n", "\r\n"))
    assert f'<p class="written">{written}</p>' in worker.get(f"{url}/print?in=en")


def test_nobody_reports_that_there_is_nothing(office: Office, worker: Browser) -> None:
    with pytest.raises(InvalidError) as refused, office.database.writing() as session:
        hazards.report(
            session, bank_id="montreuil-1", number=3, kind=HazardKind.NOTHING, actor=worker.staff_id, now=NOON
        )
    assert refused.value.code == "kind"
    assert 'value="nothing"' not in worker.get("/hazards")


def _wait(office: Office, name: str, days: int) -> None:
    person = office.town.person(name)
    with office.database.writing() as session:
        wait = Wait(scheme_named(session, office.town.organisation_id, now=NOON).id, Source.PARTNER)
        waiting.add_to_list(session, person.id, wait, since=NOON - days * DAY, actor="test", now=NOON)


def test_whoever_came_today_has_not_waited_for_a_day(office: Office, worker: Browser) -> None:
    _wait(office, "Karim", 0)
    office.now += HOUR
    page = worker.get("/waiting")
    assert "for less than a day, since 15 June 2026" in page
    assert "The longest for less than a day." in page
    assert "Half of them" not in page


def test_half_of_them_is_said_where_it_says_something(office: Office, worker: Browser) -> None:
    for number, days in enumerate((40, 8, 0)):
        _wait(office, f"Karim {number}", days)
    assert "Half of them for more than 8 days, the longest for 6 weeks." in worker.get("/waiting")
    assert 'href="/more"' in worker.page.text


def test_a_scheme_that_nobody_has_named_is_called_by_its_service(office: Office, worker: Browser) -> None:
    _wait(office, "Karim", 3)
    worker.client.cookies.set("casier_language", "fr")
    one = re.search(r"/waiting/[\w-]{36}", worker.get("/waiting"))
    assert one is not None
    for path in ("/waiting", "/waiting/new", "/schemes", one[0]):
        page = worker.get(path)
        assert "Casiers solidaires" in page
        assert "lockers<" not in page


def test_that_nobody_is_on_leave_is_said(worker: Browser) -> None:
    assert "Nobody is on leave" in worker.get("/leaves")


def test_whoever_was_signed_out_is_told_so_and_that_nothing_was_kept(office: Office, worker: Browser) -> None:
    worker.get("/leaves")
    form = worker.form("/leaves")
    with office.database.writing() as session:
        closing.close_account(session, worker.staff_id, actor="test", now=NOON)
    page = worker.get("/waiting")
    assert "You are signed out" in page
    assert "was not kept" not in page
    assert '<input type="hidden" name="next" value="/waiting">' in page
    page = worker.client.post("/leaves", data=form).text
    assert "You are signed out" in page
    assert "What you sent was not kept" in page


def test_whoever_comes_first_is_not_told_of_a_sign_in_that_ended(office: Office) -> None:
    worker = office.browser()
    worker.client.cookies.delete("casier_session")
    page = worker.get("/waiting")
    assert "Sign in" in page
    assert "signed out" not in page
    refused = worker.send("/sign-in", email="nobody@example.org", password="not this one")
    assert "You are not signed in yet" in refused
    assert "Nothing was changed" not in refused


def test_a_file_with_nobody_in_it_says_so_and_not_that_a_name_was_not_found(office: Office, worker: Browser) -> None:
    page = worker.get("/people")
    assert "Nobody has a file here yet." in page
    assert "by that name" not in page
    assert "Nobody by that name in your file." in worker.send("/people/search", name="Nadia")


@pytest.mark.parametrize(("language", "memberships"), [("en", "memberships"), ("fr", "adhésions"), ("pt", "adesões")])
def test_hours_that_were_brought_to_what_is_signed_are_said_to_hold_for_memberships_too(
    office: Office, language: str, memberships: str
) -> None:
    with office.database.writing() as session:
        scheme = scheme_named(session, office.town.organisation_id, now=NOON)
    browser = office.browser("operator")
    browser.client.cookies.set("casier_language", language)
    assert memberships in browser.get(f"/schemes/{scheme.id}?done=hours_brought")


def test_where_there_is_no_place_the_desk_says_so_and_shows_no_form(office: Office, worker: Browser) -> None:
    assert 'action="/desk/open"' in worker.get("/desk")
    with office.database.writing() as session:
        other = lockers.organisation_named(session, "Autre", actor="t", now=NOON)
        session.get_one(Staff, worker.staff_id).organisation_id = other.id
    page = worker.get("/desk")
    assert "No place here yet" in page
    assert 'action="/desk/open"' not in page


def test_in_french_the_desk_is_not_called_as_a_home_page_is(worker: Browser) -> None:
    worker.client.cookies.set("casier_language", "fr")
    navigation = worker.get("/desk").partition("<main")[0]
    assert "Permanence" in navigation
    assert "Accueil" not in navigation
