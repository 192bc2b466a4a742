"""Lockers out of service: given to nobody new; their holder is stopped only on purpose, for hours, and never unseen."""

import json

import pytest

from gateway.access import commands
from gateway.access.commands import Beat, Orders
from gateway.access.models import CommandRecord
from gateway.events.service import record
from gateway.lockers import keys
from gateway.lockers.observations import observe
from gateway.staff import service as accounts
from tests.unit.gateway.town import NOON
from wire.entries import Entry
from wire.messages import Reply, Session

HOUR = 3_600_000
LOCKER = "/lockers/montreuil-1/2"
SESSION = Session(1, "a" * 32)


@pytest.fixture(autouse=True)
def heard(office):
    """The block's beat was just heard."""
    office.app.state.orders = Orders(lambda _bank: Beat(SESSION, "b" * 32), lambda payload: payload)


def _ordered(office):
    with office.database.reading() as session:
        return session.query(CommandRecord).one()


def _block_says(office, command, **body):
    """The block has done it: its reply, and its journal's entry."""
    entry = Entry("e" * 32, 1, "out_of_service", NOON, 1, "boot", "trusted", {"locker": 2, "command": command, **body})
    with office.database.writing() as session:
        reply = Reply("montreuil-1", SESSION, command, "done", NOON)
        commands.replied(session, office.app.state.orders, "montreuil-1", reply, now=NOON)
        observe(session, "montreuil-1", [entry], now=NOON)
        record(session, "out_of_service", now=NOON, bank_id="montreuil-1", locker=2, command=command, **body)


def test_a_locker_is_taken_out_with_a_reason_and_its_holder_opens_it_as_before(office, worker):
    office.holder(number=2)
    assert f"{LOCKER}/service" in worker.get(LOCKER)
    worker.get(f"{LOCKER}/service")
    page = worker.send(f"{LOCKER}/out-of-service", reason="lock", stops="nobody")
    assert "Taking locker 2 out of service" in page
    assert "Lock released" not in page
    made = _ordered(office)
    assert (made.kind, made.reason, made.args) == ("out_of_service", "lock", {"locker": 2, "reason": "lock"})
    _block_says(office, made.id, reason="lock")
    assert "Done by the block" in worker.get(f"/commands/{made.id}")
    page = worker.get(f"{LOCKER}/service")
    assert "opens it as before" in page
    assert "The lock" in page
    assert "Léa Martin" in page
    page = worker.get(LOCKER)
    assert ">Out of service" in page
    assert "Out of service · The lock · by Léa Martin" in page
    assert "/handover?locker" not in page


def test_of_a_locker_that_nobody_has_nothing_is_said_of_a_holders_badge(office, worker):
    worker.get(f"{LOCKER}/service")
    worker.send(f"{LOCKER}/out-of-service", reason="lock", stops="nobody")
    _block_says(office, _ordered(office).id, reason="lock")
    page = worker.get(f"{LOCKER}/service")
    assert "Out of service since" in page
    assert "The holder" not in page


def test_a_holder_is_stopped_only_after_a_second_look_and_for_hours(office, worker):
    office.holder("Nadia", 2)
    page = worker.get(f"{LOCKER}/service")
    assert "Nadia knows, and can get at papers and medicine" in page
    page = worker.send(f"{LOCKER}/out-of-service", reason="safety", stops="4")
    assert "Confirm it first" in page
    with office.database.reading() as session:
        assert session.query(CommandRecord).count() == 0
    worker.send(f"{LOCKER}/out-of-service", reason="safety", stops="4", sure="yes")
    made = _ordered(office)
    assert made.args == {"locker": 2, "reason": "safety", "until": NOON + 4 * HOUR}
    _block_says(office, made.id, reason="safety", until=NOON + 4 * HOUR)
    assert "does not open it until 16:00:00" in worker.get(f"{LOCKER}/service")
    office.now = NOON + 5 * HOUR
    assert "opens it as before" in office.browser(name="Omar").get(f"{LOCKER}/service")


def test_a_locker_is_put_back_in_service(office, worker):
    _block_says(office, "0", reason="lock")
    assert "Back in service" in worker.get(LOCKER)
    worker.get(f"{LOCKER}/service")
    assert "Putting locker 2 back in service" in worker.send(f"{LOCKER}/in-service")
    assert (_ordered(office).kind, _ordered(office).args) == ("in_service", {"locker": 2})


def test_what_the_block_refuses_is_told_in_words(office, worker):
    worker.get(f"{LOCKER}/service")
    worker.send(f"{LOCKER}/out-of-service", reason="door", stops="nobody")
    made = _ordered(office)
    with office.database.writing() as session:
        reply = Reply("montreuil-1", SESSION, made.id, "refused", NOON, why="args")
        commands.replied(session, office.app.state.orders, "montreuil-1", reply, now=NOON)
    page = worker.get(f"/commands/{made.id}")
    assert "The locker stays what it was." in page
    assert f'href="{LOCKER}/service"' in page


def test_a_silent_block_is_sent_nothing(office, worker):
    office.app.state.orders = Orders(lambda _bank: None, lambda payload: payload)
    page = worker.get(f"{LOCKER}/service")
    assert "The block is offline" in page
    assert "disabled" in page
    page = worker.send(f"{LOCKER}/out-of-service", reason="lock", stops="nobody")
    assert "nothing was sent" in page


def test_a_key_locker_has_no_such_order(office, worker):
    with office.database.writing() as session:
        keys.fit_key_lock(session, "montreuil-1", 2, actor="test", now=NOON)
    assert f"{LOCKER}/service" not in worker.get(LOCKER)
    worker.get(f"{LOCKER}/service")
    assert "It opens with its key only." in worker.send(f"{LOCKER}/out-of-service", reason="lock", stops="nobody")


def test_a_technician_does_it_without_a_name_and_a_volunteer_does_not(office):
    office.holder("Nadia", 2)
    technician, volunteer = office.browser("technician"), office.browser("volunteer", "Vera")
    assert "Nadia" not in technician.get(f"{LOCKER}/service")
    technician.send(f"{LOCKER}/out-of-service", reason="door", stops="nobody")
    assert _ordered(office).requested_by == technician.staff_id
    assert f"{LOCKER}/service" not in volunteer.get(LOCKER)
    assert volunteer.client.get(f"{LOCKER}/service").status_code == 403


def test_over_the_api_a_mark_that_stops_holders_ends_within_a_day(office, worker):
    with office.database.writing() as session:
        token = accounts.add_token(session, worker.staff_id, "test", actor="test", now=NOON)

    def ask(path, **body):
        answer = worker.client.post(f"/api/v1{LOCKER}/{path}", json=body, headers={"authorization": f"Bearer {token}"})
        return answer.status_code, json.loads(answer.text)

    assert ask("out-of-service", reason="lock", stops_until=NOON + 25 * HOUR)[0] == 422
    assert ask("out-of-service", reason="lock", stops_until=NOON)[0] == 422
    assert ask("out-of-service", reason="boredom")[0] == 422
    status, made = ask("out-of-service", reason="lock", stops_until=NOON + 23 * HOUR)
    assert (status, made["kind"], made["state"]) == (202, "out_of_service", "requested")
    assert ask("in-service")[0] == 202
