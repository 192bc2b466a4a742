"""What the electricity of locks asks of the firmware, one claim for each number."""

from collections.abc import Callable

import msgspec
import pytest

from hw import registry, wiring
from hw.assembly import CoilUse, HardwareConfig, build
from hw.contacts import Contacts
from hw.errors import ReleaseForbidden, SettingsError
from hw.ports import Coil
from hw.release_guard import ACTING_MS, GuardLimits, ReleaseGuard

ONE, OTHER, ELSEWHERE = Coil("a", 1), Coil("a", 2), Coil("b", 1)
XOR = {"driver": "xor_board", "port": "/dev/ttyUSB1", "address": 1, "channels": 24}
GPIO = {"driver": "gpio", "locks": [17, 27, 22]}


@pytest.fixture
def guard(clock: Callable[[], int]) -> ReleaseGuard:
    return ReleaseGuard(GuardLimits(), {ONE: "supply-1", OTHER: "supply-1", ELSEWHERE: "supply-2"}, clock)


def release(guard: ReleaseGuard, coil: Coil, pulse_ms: int = 300) -> None:
    guard.consume(guard.permit(coil, pulse_ms), coil, pulse_ms)


def wait_ms(guard: ReleaseGuard, coil: Coil, pulse_ms: int = 300) -> int:
    """How long the guard says that this coil has to wait; 0 if it may move now."""
    try:
        guard.withdraw(guard.permit(coil, pulse_ms))
    except ReleaseForbidden as refusal:
        return refusal.retry_after_ms
    return 0


def test_a_lock_is_pulsed_for_300_ms_unless_its_file_says_otherwise(clock) -> None:
    for table, said, pulse_ms in ((GPIO, None, 300), (GPIO, 400, 400), (GPIO | {"pulse_ms": 250}, 400, 250)):
        config = HardwareConfig(boards={"a": registry.decode("boards", table)}, pulse_ms=said)
        assert build(config, lambda _event: None, clock).pulse_ms(ONE) == pulse_ms


@pytest.mark.parametrize("pulse_ms", [99, 1001])
def test_no_pulse_is_shorter_than_100_ms_or_longer_than_a_second(guard: ReleaseGuard, pulse_ms: int) -> None:
    with pytest.raises(ReleaseForbidden, match="allowed: 100 to 1000"):
        guard.permit(ONE, pulse_ms)
    with pytest.raises(SettingsError, match="allowed: 100 to 1000"):
        registry.decode("boards", GPIO | {"pulse_ms": pulse_ms})


@pytest.mark.parametrize("pulse_ms", [100, 299, 301, 1000])
def test_a_board_that_times_its_own_pulse_is_taken_as_it_is_and_another_value_is_refused(clock, pulse_ms: int) -> None:
    board = registry.decode("boards", XOR)
    uses = (CoilUse(ONE, "a", ("lockers", 0, "channels")),)
    assert build(HardwareConfig(boards={"a": board}, coils=uses), lambda _event: None, clock).pulse_ms(ONE) == 300
    with pytest.raises(SettingsError, match="allowed: 300"):
        registry.decode("boards", XOR | {"pulse_ms": pulse_ms})
    problems = wiring.check(HardwareConfig(boards={"a": board}, coils=uses, pulse_ms=pulse_ms))
    assert [problem.path for problem in problems] == [("releases", "pulse_ms")]


def test_no_coil_counts_as_on_for_longer_than_three_seconds(guard: ReleaseGuard, clock) -> None:
    guard.charge(ONE, clock(), 60_000)
    assert wait_ms(guard, ONE) == 3000 + ACTING_MS + 2000


def test_a_lock_rests_for_two_seconds_after_its_pulse(guard: ReleaseGuard, clock) -> None:
    release(guard, ONE)
    assert wait_ms(guard, ONE) == 300 + ACTING_MS + 2000
    clock.pass_ms(300 + ACTING_MS + 1999)
    assert wait_ms(guard, ONE) == 1
    clock.pass_ms(1)
    release(guard, ONE)


def test_a_coil_is_on_for_at_most_a_tenth_of_a_minute(guard: ReleaseGuard, clock) -> None:
    begun = clock()
    for _ in range(18):
        clock.pass_ms(wait_ms(guard, ONE))
        release(guard, ONE)
    assert 18 * (300 + ACTING_MS) <= 6000 < 19 * (300 + ACTING_MS)
    assert clock() - begun < 60_000
    clock.pass_ms(wait_ms(guard, ONE))
    assert clock() - begun == 60_000 + 300 + ACTING_MS  # the first pulse is a minute old by then


def test_one_coil_at_a_time_in_a_power_group_and_150_ms_between_two(guard: ReleaseGuard, clock) -> None:
    release(guard, ONE)
    release(guard, ELSEWHERE)  # another supply
    assert wait_ms(guard, OTHER) == 300 + ACTING_MS + 150
    clock.pass_ms(300 + ACTING_MS + 150)
    release(guard, OTHER)


@pytest.mark.parametrize(
    "wider", [{"rest_ms": 1999}, {"duty_percent": 11}, {"stagger_ms": 149}, {"rest_ms": 0}, {"pulse_ms": 2000}]
)
def test_no_site_can_ask_for_wider_limits(wider: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wider, GuardLimits)


def test_a_restart_does_not_cool_a_coil_down(guard: ReleaseGuard, clock) -> None:
    """A program that crashes and starts again and again must not heat a coil: the journal's minute is charged."""
    for ago in range(1, 19):
        guard.charge(ONE, clock() - ago * 2320, 300)
    assert wait_ms(guard, ONE) > 10_000
    assert wait_ms(guard, ELSEWHERE) == 0


def test_a_contact_counts_when_it_has_been_still_for_30_ms() -> None:
    contacts = Contacts(1)
    assert contacts.sample(0, 0) == [(1, False)]
    assert [contacts.sample(1, at) for at in (100, 110, 129)] == [[], [], []]
    assert contacts.sample(1, 130) == [(1, True)]
    assert [contacts.sample(level, 200 + level) for level in (0, 1)] == [[], []]  # a bounce
