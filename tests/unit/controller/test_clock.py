"""A device that nobody has told the time yet, and one whose memory of it is kept."""

from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from controller.access import AccessIndex, Denied, Granted, decide
from controller.cli import app
from controller.clock import Clock
from controller.exit_codes import CONFIG, NOT_RUNNING
from controller.machine import this_machine
from controller.timekeeping import FIRST_FLOOR, Witness
from tests.unit.controller.core.driver import digest, grant, make_list, number
from tests.unit.controller.test_runtime import BANK

DAY = 86_400_000


NOBODY = this_machine("absent")  # no system clock that may be heard, no battery clock


def test_fresh_device_that_no_witness_has_told_the_time_refuses_what_ended_before_its_software() -> None:
    clock = Clock(None, NOBODY)
    ended = AccessIndex(make_list(grant(1, 1, not_before=FIRST_FLOOR - 90 * DAY, not_after=FIRST_FLOOR)))
    assert decide(digest(number(1)), ended, clock.now()) == Denied("ended", "g1")


def test_gateway_alone_ends_no_contract_of_a_fresh_device_beyond_a_day_and_says_so() -> None:
    clock = Clock(None, NOBODY)
    told = FIRST_FLOOR + 200 * DAY
    clock.hear(Witness.GATEWAY, told)
    now = clock.now()
    assert now.clock == "claimed"
    assert now.at >= told
    ended_yesterday = AccessIndex(make_list(grant(1, 1, not_before=told - 90 * DAY, not_after=told - DAY)))
    assert isinstance(decide(digest(number(1)), ended_yesterday, now), Granted)


def test_technician_beside_a_fresh_device_and_the_gateway_make_its_time_trusted() -> None:
    clock = Clock(None, NOBODY)
    told = FIRST_FLOOR + 200 * DAY
    clock.set_by_technician(told)
    clock.hear(Witness.GATEWAY, told + 1_000)
    now = clock.now()
    assert now.clock == "trusted"
    ended_yesterday = AccessIndex(make_list(grant(1, 1, not_before=told - 90 * DAY, not_after=told - DAY)))
    assert decide(digest(number(1)), ended_yesterday, now) == Denied("ended", "g1")


def test_floor_outlives_the_process() -> None:
    clock = Clock(None, NOBODY)
    clock.set_by_technician(FIRST_FLOOR + 200 * DAY)
    clock.hear(Witness.GATEWAY, FIRST_FLOOR + 200 * DAY)
    assert Clock(clock.state(), NOBODY).now().ending_at >= FIRST_FLOOR + 200 * DAY


@pytest.mark.parametrize(("system_days", "battery_days"), [(0, 30), (30, 0)])
def test_a_clock_of_the_machine_that_is_ahead_spends_nothing_at_a_start_where_the_other_is_right(
    system_days: int, battery_days: int
) -> None:
    floor = FIRST_FLOOR + 200 * DAY
    before = Clock(None, NOBODY)
    before.set_by_technician(floor)
    before.hear(Witness.GATEWAY, floor)
    machine = structs.replace(
        NOBODY,
        system_ms=lambda: floor + 3_600_000 + system_days * DAY,
        battery_ms=lambda: floor + 3_600_000 + battery_days * DAY,
    )
    assert Clock(before.state(), machine).now().ending_at < floor + 2 * 3_600_000


def test_a_technician_says_the_time_by_a_watch_and_never_by_the_machine_s_own_clock(tmp_path: Path) -> None:
    """A time server that is a year ahead has set that one, and would be its own second witness."""
    (tmp_path / "bank.toml").write_text(BANK)
    order, run = ["time", "set", "--config", str(tmp_path / "bank.toml")], CliRunner().invoke
    assert run(app, order).exit_code == CONFIG
    assert run(app, [*order, "--at", "2026-05-01T14:30+02:00"]).exit_code == NOT_RUNNING
