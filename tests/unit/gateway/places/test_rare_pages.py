"""Alerts, openings one by one and hazards as pages without scripts."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.alerts import sending
from gateway.alerts.guarded import Guarded
from gateway.alerts.models import AlertChannel
from gateway.audit.models import AuditRecord
from gateway.events.service import record
from gateway.incidents.models import Hazard
from gateway.lockers.service import organisation_named
from gateway.privacy.models import OpeningsRequest
from gateway.staff import service as accounts
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import DAY, NOON, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Opened = Callable[[int], Office]
SECRET = "mailtos://casier:hunter2@example.org"
MINUTE = 60_000


def test_an_address_is_taken_tried_and_never_shown_again(
    town: Town, office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = office(NOON).as_role("operator")
    form = {"label": "On call", "address": SECRET, "language": "en", "kind-forced": "yes", "urgent-forced": "yes"}
    refused = operator.post("/alerts", 422, **form, quiet_from="22:00", quiet_until="late")
    assert "Write a time like" in refused
    assert "hunter2" not in refused
    assert "Choose at least one." in operator.post("/alerts", 422, **{**form, "kind-forced": ""})
    operator.post("/alerts", **form, quiet_from="22:00", quiet_until="7:00")
    page = operator.page("/alerts")
    assert "hunter2" not in page
    assert "mailtos://••••••" in page
    assert "22:00-07:00" in page
    assert "told all the same: Forced" in page
    with town.reading() as session:
        channel = session.scalars(select(AlertChannel)).one()
    sent: list[str] = []
    monkeypatch.setattr(sending, "send", lambda address, _title, _body: not sent.append(address))
    assert operator.post(f"/alerts/{channel.id}/try") == "/alerts?done=channel_tried"
    assert sent == [SECRET]
    monkeypatch.setattr(sending, "send", lambda *_: False)
    assert "did not take the message" in operator.post(f"/alerts/{channel.id}/try", 422)
    operator.post(f"/alerts/{channel.id}/disable")
    assert "On call" not in operator.page("/alerts")
    office(NOON).as_role("worker").page("/alerts", 403)


def test_what_cannot_be_looked_at_for_alerts_is_said_where_it_can_be_mended(town: Town, office: Opened) -> None:
    opened = office(NOON)
    operator, runner = opened.as_role("operator"), opened.app.state.alerts
    said = "Not everything is looked at for alerts"
    assert [said in operator.page(path) for path in ("/alerts", "/blocks")] == [False, False]
    runner._sources = (Guarded(lambda _session, _now: 1 // 0, (), name="desk"),)
    runner.round()
    assert [said in operator.page(path) for path in ("/alerts", "/blocks")] == [True, True]


def test_a_block_whose_card_may_be_copied_says_so_on_its_page(town: Town, office: Opened) -> None:
    opened = office(NOON)
    technician, runner = opened.as_role("technician"), opened.app.state.alerts
    said = "Memory card perhaps copied or restored"
    runner.round()
    assert said not in technician.page(f"/blocks/{town.bank}")
    with town.writing() as session:
        record(session, "session_conflict", now=NOON, bank_id=town.bank, number=5)
    runner.round()
    assert [said in technician.page(path) for path in ("/blocks", f"/blocks/{town.bank}")] == [True, True]


def test_openings_are_shown_after_a_reason_for_half_an_hour_and_each_look_is_recorded(
    town: Town, office: Opened
) -> None:
    with town.writing() as session:
        record(session, "door_opened", now=NOON - DAY, bank_id=town.bank, locker=2)
        record(session, "door_opened", now=NOON - DAY, bank_id=town.bank, locker=3)
    opened = office(NOON)
    worker = opened.as_role("worker")
    assert "Door opened" not in worker.page("/openings")
    form = {"block": town.bank, "door": "2", "first_on": "2026-06-10", "last_on": "2026-06-15", "reason": "fault"}
    assert "10 characters" in worker.post("/openings", 422, **form, note="why")
    assert "Please choose one." in worker.post("/openings", 422, **{**form, "reason": ""}, note="the holder asked me")
    where = worker.post("/openings", **form, note="the holder asked me")
    page = worker.page(where)
    assert page.count("Door opened") == 1
    worker.page(where)
    with town.reading() as session:
        done = session.scalars(select(AuditRecord.action).where(AuditRecord.actor == worker.staff_id)).all()
    assert [action for action in done if action.startswith("openings")] == ["openings_asked", *["openings_read"] * 2]
    opened.as_role("operator").page(where, 403)
    opened.as_role("volunteer").page("/openings", 403)
    opened.at["now"] = NOON + 31 * MINUTE
    worker.page(where, 403)


def test_a_second_try_that_was_not_needed_is_no_lock_that_did_not_release(town: Town, office: Opened) -> None:
    with town.writing() as session:
        for locker, code in ((2, "opened"), (3, "no_answer")):
            record(session, "release_failed", now=NOON - DAY, bank_id=town.bank, locker=locker, code=code)
    worker = office(NOON).as_role("worker")
    form = {"block": town.bank, "first_on": "2026-06-10", "last_on": "2026-06-15", "reason": "fault"}
    pages = [worker.page(worker.post("/openings", **form, door=door, note="the lock of it")) for door in ("2", "3")]
    assert ["Lock did not release" in page for page in pages] == [False, True]
    assert ["Not released again: the door had opened" in page for page in pages] == [True, False]


def test_openings_of_another_organisations_block_cannot_be_asked_for(town: Town, office: Opened) -> None:
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        other = organisation_named(session, "Elsewhere", actor="t", now=NOON).id
        accounts.staff_of(session, worker.staff_id).organisation_id = other
    form = {"block": town.bank, "door": "", "first_on": "2026-06-10", "last_on": "2026-06-15", "reason": "fault"}
    assert "Montreuil 1" not in worker.post("/openings", 404, **form, note="the holder asked me")
    with town.reading() as session:
        assert session.scalars(select(OpeningsRequest)).all() == []


def test_a_hazard_goes_from_report_to_the_printed_notice(town: Town, office: Opened) -> None:
    town.assign(town.person("Nadia"), number=2)
    worker = office(NOON).as_role("worker")
    where = worker.post("/hazards", bank=town.bank, locker="2", kind="wet", note="")
    assert "reported of this locker already" in worker.post("/hazards", 422, bank=town.bank, locker="2", kind="wet")
    worker.page(f"{where}/print", 409)
    seen = {"witness": "colleague", "found": "perishable", "action": "thrown_away"}
    assert "Say who was the witness." in worker.post(f"{where}/inspect", 422, **seen, witness_name="")
    worker.post(f"{where}/inspect", **seen, witness_name="Paul")
    worker.post(f"{where}/notice", note="The fish was thrown away.")
    for language, title in (("fr", "Votre casier a été ouvert"), ("pt", "O seu cacifo foi aberto")):
        assert title in worker.page(f"{where}/print?in={language}")
    paper = worker.page(f"{where}/print?in=en")
    assert "Something that goes off" in paper
    assert "The fish was thrown away." in paper
    assert "Nadia" not in paper
    assert "Paul" not in paper
    worker.post(f"{where}/close")
    assert "Nothing is reported." in worker.page("/hazards")
    with town.reading() as session:
        assert session.scalars(select(Hazard)).one().closed_at == NOON
    office(NOON).as_role("volunteer").page("/hazards", 403)
