"""The lines of a simulated Pi behave as the Pi's own."""

import pytest

from simulator.errors import LineError
from simulator.pi import SimulatedPi


def test_lines_boot_as_inputs_up_to_gpio_8_pulled_up_and_the_others_down() -> None:
    pi = SimulatedPi()
    assert [line for line in range(28) if pi.read(line)] == list(range(9))


def test_a_pi_has_28_lines() -> None:
    with pytest.raises(LineError, match="GPIO0 to GPIO27"):
        SimulatedPi().claim("a", 28, "input", 0)


def test_line_held_by_one_client_is_refused_to_another() -> None:
    pi = SimulatedPi()
    pi.claim("keeper", 17, "output", 0)
    with pytest.raises(LineError, match="held by keeper") as refused:
        pi.claim("controller", 17, "output", 1)
    assert refused.value.code == "busy"
    with pytest.raises(LineError):
        pi.write("controller", 17, True, 1)
    assert not pi.read(17)


def test_output_of_a_dead_client_stays_driven_and_free_to_claim() -> None:
    pi = SimulatedPi()
    pi.claim("keeper", 17, "output", 0)
    pi.write("keeper", 17, True, 1)
    pi.client_gone("keeper", 2)
    assert pi.read(17)
    pi.claim("next", 17, "output", 3)
    assert not pi.read(17)


def test_strict_gpiod_lets_the_lines_of_a_dead_client_fall() -> None:
    pi = SimulatedPi(strict_gpiod=True)
    pi.claim("keeper", 17, "output", 0)
    pi.write("keeper", 17, True, 1)
    pi.client_gone("keeper", 2)
    assert not pi.read(17)


def test_floating_coil_line_keeps_its_level_unless_a_pull_down_is_fitted() -> None:
    pi = SimulatedPi()
    pi.fit(27, "down")
    for line in (17, 27):
        pi.claim("a", line, "output", 0)
        pi.write("a", line, True, 1)
        pi.claim("a", line, "input", 2)
    assert (pi.read(17), pi.read(27)) == (True, False)


def test_active_low_board_pulses_when_its_line_is_claimed_low_and_set_afterwards() -> None:
    pi = SimulatedPi()
    pi.fit(17, "up")
    pi.claim("a", 17, "output", 5)
    pi.write("a", 17, True, 6)
    assert [(t.level, t.at_ns) for t in pi.transitions] == [(False, 5), (True, 6)]


def test_active_low_board_claimed_at_its_safe_level_does_not_pulse() -> None:
    pi = SimulatedPi()
    pi.fit(17, "up")
    pi.claim("a", 17, "output", 5, level=True)
    assert not pi.transitions


def test_closed_contact_pulls_to_ground_and_a_cut_wire_is_pulled_up() -> None:
    pi = SimulatedPi()
    pi.claim("a", 26, "input", 0)
    pi.pull("a", 26, "up", 0)
    pi.wire(26, False, 1)
    assert not pi.read(26)
    pi.wire(26, None, 2)
    assert pi.read(26)


def test_output_against_a_closed_contact_is_a_short_circuit() -> None:
    pi = SimulatedPi()
    pi.wire(26, False, 0)
    pi.claim("a", 26, "output", 1)
    assert not pi.lines[26].contended
    pi.write("a", 26, True, 2)
    assert pi.lines[26].contended


def test_every_change_is_recorded_once_with_its_cause() -> None:
    pi = SimulatedPi()
    pi.claim("a", 17, "output", 1)
    for level, at in ((True, 2), (True, 3), (False, 4)):
        pi.write("a", 17, level, at)
    pi.wire(20, True, 5)
    pi.reboot(6)
    assert [(t.line, t.level, t.at_ns, t.by) for t in pi.transitions] == [
        (17, True, 2, "a"),
        (17, False, 4, "a"),
        (20, True, 5, "world"),
    ]
