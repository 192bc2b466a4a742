"""Forms sent twice, a disk that is full, a database that is away: told in plain words, and nothing is half done."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event as happens
from sqlalchemy.exc import OperationalError

from gateway.access.commands import Beat, Orders
from gateway.badges.models import Badge
from gateway.contracts import trusted
from gateway.db import Database
from gateway.incidents import exclusions, hazards, stand_ins
from gateway.incidents import service as incidents
from gateway.incidents.codes import HazardKind, IncidentKind
from gateway.people import pages as people_pages
from gateway.schemes.service import scheme_named
from gateway.web.live import Fragment, Reading, Wakeups, changes
from gateway.web.rendering import static_url
from gateway.web.security import CONTENT_POLICY
from tests.unit.gateway.pages.conftest import Browser, Office, TestClient
from tests.unit.gateway.town import NOON, TODAY
from wire.messages import Session

LAST = TODAY.isoformat()
BANK = "montreuil-1"
AWAY = "The data cannot be reached right now"
AGAIN = "What you sent is kept on this page. Send it again in a minute"
# What is prepared: the page with the form, the form's address, and what is filled in.
Prepared = tuple[str, str, dict[str, str]]


def _report(_office: Office, _worker: Browser) -> Prepared:
    return "/hazards", "/hazards", {"bank": BANK, "locker": "3", "kind": "wet", "note": "it drips"}


def _inspect(office: Office, worker: Browser) -> Prepared:
    with office.database.writing() as session:
        made = hazards.report(
            session, bank_id=BANK, number=3, kind=HazardKind.WET, actor=worker.staff_id, now=NOON
        )  # fmt: skip
    url = f"/hazards/{made.id}"
    return (
        url,
        f"{url}/inspect",
        {"witness": "photographs", "witness_name": "tin", "found": "wet", "action": "left_as_it_was"},
    )


def _excluded(office: Office, worker: Browser) -> str:
    person = office.town.person()
    with office.database.writing() as session:
        return exclusions.exclude(
            session, person_id=person.id, site_id=office.town.site_id, from_on=TODAY, until_on=TODAY,
            reason=IncidentKind.THREATS, actor=worker.staff_id, now=NOON,
        ).id  # fmt: skip


def _appeal(office: Office, worker: Browser) -> Prepared:
    url = f"/exclusions/{_excluded(office, worker)}"
    return url, f"{url}/appeal", {"made_by": "person", "note": "mornings"}


def _lift(office: Office, worker: Browser) -> Prepared:
    url = f"/exclusions/{_excluded(office, worker)}"
    return url, f"{url}/lift", {}


def _go_on_leave(office: Office, worker: Browser) -> Prepared:
    omar = office.browser(name="Omar").staff_id
    said = {"staff": worker.staff_id, "stand_in": omar, "from_on": LAST, "until_on": LAST}
    return "/leaves", "/leaves", said


def _cancel_leave(office: Office, worker: Browser) -> Prepared:
    omar = office.browser(name="Omar").staff_id
    with office.database.writing() as session:
        leave = stand_ins.go_on_leave(
            session, staff_id=worker.staff_id, stand_in_id=omar, from_on=TODAY, until_on=TODAY, actor=omar, now=NOON
        )
    return "/leaves", f"/leaves/{leave.id}/cancel", {}


def _trust(office: Office, _worker: Browser) -> Prepared:
    url = f"/contracts/{office.holder()[1].id}"
    return f"{url}/people", f"{url}/trust", {"name": "Fatou", "from_on": LAST, "until_on": LAST}


def _distrust(office: Office, _worker: Browser) -> Prepared:
    contract = office.holder()[1].id
    with office.database.writing() as session:
        one = trusted.trust(session, contract, name="Fatou", from_on=TODAY, until_on=TODAY, actor="test", now=NOON)
    return f"/contracts/{contract}/people", f"/contracts/{contract}/distrust", {"trusted": one.id}


def _wait(office: Office, _worker: Browser) -> Prepared:
    with office.database.writing() as session:
        scheme = scheme_named(session, office.town.organisation_id, now=NOON)
    said = {"name": "Karim", "scheme": scheme.id, "source": "outreach_round", "day": LAST, "note": "by the bridge"}
    return "/waiting/new", "/waiting", said


def _incident(office: Office, _worker: Browser) -> Prepared:
    said = {"kind": "theft", "site": office.town.site_id, "day": LAST, "time": "09:00", "part": "unknown", "name": ""}
    return "/incidents/new", "/incidents", said


def _close_incident(office: Office, worker: Browser) -> Prepared:
    with office.database.writing() as session:
        made = incidents.report(
            session, site_id=office.town.site_id, kind=IncidentKind.ABUSE, actor=worker.staff_id, now=NOON
        )
    url = f"/incidents/{made.id}"
    return url, f"{url}/close", {"became": "warned"}


def _out_of_service(_office: Office, _worker: Browser) -> Prepared:
    url = f"/lockers/{BANK}/2"
    return f"{url}/service", f"{url}/out-of-service", {"reason": "lock", "stops": "nobody"}


FORMS = [
    _report, _inspect, _appeal, _lift, _go_on_leave, _cancel_leave, _trust, _distrust, _wait, _incident,
    _close_incident, _out_of_service,
]  # fmt: skip
Form = Callable[[Office, Browser], Prepared]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__[1:])


@pytest.fixture(autouse=True)
def heard(office: Office) -> None:
    """The block's beat was just heard."""
    office.app.state.orders = Orders(lambda _bank: Beat(Session(1, "a" * 32), "b" * 32), lambda payload: payload)


def _filled(office: Office, worker: Browser, form: Form) -> tuple[str, dict[str, str]]:
    page, action, said = form(office, worker)
    worker.get(page)
    having = {"trusted": said["trusted"]} if "trusted" in said else {}
    return action, {**worker.form(action, **having), **said}


def _kept(office: Office) -> list[str]:
    """Everything that is in the database."""
    with sqlite3.connect(str(office.database.engine.url.database)) as connection:
        return list(connection.iterdump())


@every_form
def test_a_form_that_is_sent_twice_is_done_once_and_leads_to_the_same_place(
    office: Office, worker: Browser, form: Form
) -> None:
    action, said = _filled(office, worker, form)
    before = _kept(office)
    first = worker.client.post(action, data=said, follow_redirects=False)
    assert first.status_code == 303, first.text
    once = _kept(office)
    assert once != before
    office.now += 1
    second = worker.client.post(action, data=said, follow_redirects=False)
    assert (second.status_code, second.headers["location"]) == (303, first.headers["location"])
    assert _kept(office) == once
    worker.get(first.headers["location"])


@contextmanager
def _refusing(database: Database, after: int) -> Iterator[list[str]]:
    """The database takes so many writes of each unit of work, and says of the next one that the disk is full."""
    written: list[str] = []

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            if sql.startswith("BEGIN"):
                written.clear()
            if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
                written.append(sql)
                if len(written) > after:
                    raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, parameters)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(factory or Cursor)

    def connect(_dialect: Any, _record: Any, _given: Any, named: dict[str, Any]) -> None:
        named.update(factory=Connection)

    database.close()
    happens.listen(database.engine, "do_connect", connect)
    try:
        yield written
    finally:
        happens.remove(database.engine, "do_connect", connect)
        database.close()


@every_form
def test_wherever_the_disk_is_full_nothing_is_half_done_and_the_same_form_works_later(
    office: Office, worker: Browser, form: Form
) -> None:
    action, said = _filled(office, worker, form)
    before = _kept(office)
    with _refusing(office.database, 0):
        assert AGAIN in worker.client.post(action, data=said).text
    for after in range(1, 40):
        with _refusing(office.database, after) as written:
            answer = worker.client.post(action, data=said, follow_redirects=False)
        if answer.status_code == 303:
            break
        assert answer.status_code == 503, (written, answer.text)
        assert _kept(office) == before
    assert answer.status_code == 303
    assert after > 1
    assert _kept(office) != before


def test_a_disk_that_fills_up_is_told_and_the_list_before_it_is_whole(office: Office, worker: Browser) -> None:
    with sqlite3.connect(str(office.database.engine.url.database)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()

    def full(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    action, said = _filled(office, worker, _wait)
    office.database.close()
    happens.listen(office.database.engine, "connect", full)
    answers = []
    for number in range(40):
        before = _kept(office)
        mine = {**said, "once": f"{number:032d}", "name": f"Karim {number}", "note": "x" * 500}
        answers.append(worker.client.post(action, data=mine, follow_redirects=False))
        if answers[-1].status_code != 303:
            break
    assert answers[-1].status_code == 503
    assert AWAY in answers[-1].text
    assert AGAIN in answers[-1].text
    assert _kept(office) == before
    assert "Waiting list" in worker.get("/waiting")


@every_form
def test_while_the_database_is_away_pages_and_forms_say_so_and_the_form_works_later(
    office: Office, worker: Browser, form: Form
) -> None:
    action, said = _filled(office, worker, form)
    before, there = _kept(office), office.database
    office.app.state.database = Database("sqlite:////nowhere/at/all/casier.db")
    page = worker.client.get("/hazards")
    assert (page.status_code, AWAY in page.text) == (503, True)
    answer = worker.client.post(action, data=said)
    assert (answer.status_code, AGAIN in answer.text) == (503, True)
    assert "Traceback" not in answer.text
    office.app.state.database = there
    assert _kept(office) == before
    worker.page = answer
    kept = worker.form(action)
    assert kept == said
    assert worker.client.post(action, data=kept, follow_redirects=False).status_code == 303


def test_a_secret_is_never_written_into_the_page_that_says_it_was_not_kept(office: Office, worker: Browser) -> None:
    person, _contract = office.holder()
    with office.database.reading() as session:
        badge = session.query(Badge).filter_by(person_id=person.id).one().id
    worker.get(f"/badges/{badge}/pin")
    form = {**worker.form(f"/badges/{badge}/pin"), "pin": "4711", "again": "4711"}
    there = office.database
    office.app.state.database = Database("sqlite:////nowhere/at/all/casier.db")
    answer = worker.client.post(f"/badges/{badge}/pin", data=form)
    assert (answer.status_code, AWAY in answer.text) == (503, True)
    assert "Try again in a minute" in answer.text
    assert "4711" not in answer.text
    office.app.state.database = there
    visitor = office.browser()
    visitor.client.cookies.delete("casier_session")
    visitor.get("/sign-in")
    form = {**visitor.form("/sign-in"), "email": "0@example.org", "password": "un mot de passe long"}
    office.app.state.database = Database("sqlite:////nowhere/at/all/casier.db")
    answer = visitor.client.post("/sign-in", data=form)
    assert (answer.status_code, "un mot de passe long" in answer.text) == (503, False)
    office.app.state.database = there


def test_a_commit_that_fails_leaves_nothing(office: Office, worker: Browser) -> None:
    action, said = _filled(office, worker, _report)
    before = _kept(office)

    def refuse(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

    happens.listen(office.database.engine, "commit", refuse)
    try:
        assert AGAIN in worker.client.post(action, data=said).text
    finally:
        happens.remove(office.database.engine, "commit", refuse)
    assert _kept(office) == before
    assert worker.client.post(action, data=said, follow_redirects=False).status_code == 303


def test_a_live_page_whose_database_goes_away_ends_its_stream_and_raises_nothing() -> None:
    readings = [Reading({"wall": Fragment("<p>open</p>")})]

    def read() -> Reading:
        if not readings:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("unable to open database file"))
        return readings.pop()

    async def follow() -> list[str | None]:
        wakeups, told = Wakeups(), []
        async for event in changes(wakeups, read):
            told.append(event.event)
            wakeups.heard(None)
        return told

    assert asyncio.run(follow()) == [None, "beat"]


def test_an_error_nobody_foresaw_is_kept_nowhere_and_runs_nothing(
    office: Office, worker: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(people_pages, "person_shown", unforeseen)
    client = TestClient(office.app, raise_server_exceptions=False)
    client.cookies.update(worker.client.cookies)
    answer = client.get(f"/people/{office.town.person().id}")
    assert (answer.status_code, "Léa Martin" in answer.text) == (500, True)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    client.close()


def test_an_event_s_number_that_no_database_holds_is_no_crash(worker: Browser) -> None:
    worker.get("/more")
    said = {"csrf": worker.form("/sign-out")["csrf"], "once": "breach-has-been-seen"}
    answers = [worker.client.post(f"/breaches/{'9' * digits}/seen", data=said) for digits in (18, 19, 20, 4_400)]
    assert [answer.status_code for answer in answers] == [422] * 4


def test_a_live_stream_is_kept_nowhere(worker: Browser) -> None:
    """Of a locker that is not there: one that is would never end here."""
    answer = worker.client.get(f"/live/locker/{BANK}/99")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"


def test_a_static_file_is_kept_for_good_only_as_the_one_that_was_asked_for(worker: Browser) -> None:
    """While gateways are being replaced, a page of the new one may ask the old one for its files."""
    kept = {path: worker.client.get(path).headers["cache-control"] for path in _addresses("casier.js")}
    assert [policy.partition(",")[0] for policy in kept.values()] == ["public", "no-store", "no-store", "no-store"]


def _addresses(name: str) -> list[str]:
    """As pages of this version ask for it, of another version, of none, and of a file that is not there."""
    now = static_url(name)
    return [now, f"/static/{name}?v=0123456789ab", f"/static/{name}", now.replace(name, "other.js")]
