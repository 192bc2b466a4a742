"""gpiozero in other processes drives and watches the simulated pins as it would a Pi's."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

LOCK_1, LOCK_2, DOOR_1 = 17, 27, 4


@contextmanager
def program(bank: Any, text: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process on the bank's pins."""
    environment = {**os.environ, **bank.places.environment(), "PYTHONUNBUFFERED": "1"}
    started = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate(timeout=10)


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_output_device_in_another_process_fires_the_coil_and_the_door_opens(bench: Any, until: Callable) -> None:
    with program(
        bench.lille,
        f"""
        import gpiozero, time
        lock = gpiozero.OutputDevice({LOCK_1}, initial_value=False)
        print(type(lock.pin_factory).__name__)
        lock.on(); time.sleep(0.3); lock.off()
        print("done"); input()
        """,
    ) as process:
        assert says(process) == "SimulatedPinFactory"
        assert says(process) == "done"
        until(lambda: bench.lille.doors[1].open, "door 1 open")
        until(lambda: not bench.lille.doors[1].coil, "coil 1 off")
    assert 295 <= bench.lille.doors[1].last_pulse_ms < 1_000  # the other program sleeps as long as the machine lets it
    assert [each for each, door in bench.lille.doors.items() if door.releases] == [1]


def test_claiming_every_coil_line_fires_no_lock(bench: Any) -> None:
    with program(
        bench.lille,
        """
        import gpiozero
        locks = [gpiozero.OutputDevice(pin, initial_value=False) for pin in (17, 27, 22, 23, 24, 25)]
        print("claimed"); input()
        """,
    ) as process:
        assert says(process) == "claimed"
    assert [each for each in bench.lille.pi.transitions if each.line in (17, 27, 22, 23, 24, 25)] == []


def test_coil_of_a_killed_process_stays_energised_as_on_the_pis_kernel(bench: Any, until: Callable) -> None:
    with program(
        bench.lille,
        f"""
        import gpiozero, time
        lock = gpiozero.OutputDevice({LOCK_1}); lock.on()
        print("on"); time.sleep(60)
        """,
    ) as process:
        assert says(process) == "on"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    until(lambda: bench.lille.pi.lines[LOCK_1].holder is None, "the dead process forgotten")
    assert bench.lille.doors[1].coil


def test_strict_gpiod_drops_the_coil_of_a_killed_process(start_bench: Callable, until: Callable) -> None:
    bench = start_bench(strict_gpiod=True)
    with program(
        bench.lille,
        f"import gpiozero, time; lock = gpiozero.OutputDevice({LOCK_1}); lock.on(); print('on'); time.sleep(60)",
    ) as process:
        assert says(process) == "on"
        until(lambda: bench.lille.doors[1].coil, "the coil on")
        process.kill()
    until(lambda: not bench.lille.doors[1].coil, "the coil off")


def test_two_processes_own_different_lines_and_never_the_same(bench: Any) -> None:
    holds = "import gpiozero; a = gpiozero.OutputDevice({}); print('held', flush=True); input()"
    with program(bench.lille, holds.format(LOCK_1)) as first, program(bench.lille, holds.format(LOCK_2)) as second:
        assert says(first) == says(second) == "held"
        with program(
            bench.lille,
            f"""
            import gpiozero
            try:
                gpiozero.OutputDevice({LOCK_1})
            except gpiozero.GPIOPinInUse as error:
                print("refused:", error)
            """,
        ) as third:
            assert says(third).startswith(f"refused: GPIO{LOCK_1} is held by")


WATCH = f"""
    import gpiozero
    edges = []
    def seen(state):
        edges.append(state)
        print(state)
    door = gpiozero.DigitalInputDevice({DOOR_1}, pull_up=True, bounce_time=BOUNCE)
    door.when_deactivated = lambda: seen("open")
    door.when_activated = lambda: seen("closed")
    print("at first closed" if door.is_active else "at first open")
    input()
    print(len(edges))
    input()
"""


def test_contact_flickers_for_half_a_millisecond_to_one_and_a_raw_watcher_sees_it(bench: Any) -> None:
    with program(bench.lille, WATCH.replace("BOUNCE", "None")) as process:
        assert says(process) == "at first closed"
        bench.do(lambda: bench.lille.force(1))
        assert [says(process) for _ in range(3)] == ["open", "closed", "open"]
    flickers = [each for each in bench.lille.pi.transitions if each.line == DOOR_1]
    assert 0.5 <= (flickers[-1].at_ns - flickers[0].at_ns) / 1e6 <= 1.0
    assert flickers[-1].level, "an open contact is pulled up"


def test_debounced_watcher_sees_each_movement_of_the_door_once(bench: Any, until: Callable) -> None:
    def flickers() -> int:
        return len([each for each in bench.lille.pi.transitions if each.line == DOOR_1])

    with program(bench.lille, WATCH.replace("BOUNCE", "0.03")) as process:
        assert says(process) == "at first closed"
        for move, seen in ((bench.lille.force, "open"), (bench.lille.push, "closed")) * 3:
            before = flickers()
            bench.do(lambda move=move: move(1))
            assert says(process) == seen
            until(lambda before=before: flickers() >= before + 3, "the bounce")
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert says(process) == "6"


def test_level_write_takes_far_less_than_the_hot_path_allows(bench: Any) -> None:
    with program(
        bench.lille,
        f"""
        import gpiozero, time
        lock = gpiozero.OutputDevice({LOCK_2})
        times = []
        for _ in range(200):
            start = time.perf_counter(); lock.on(); times.append(time.perf_counter() - start)
            lock.off(); time.sleep(0.001)
        print(sorted(times)[100] * 1000); input()
        """,
    ) as process:
        assert float(says(process)) < 0.3


def test_factory_without_a_simulated_pi_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from gpiozero.exc import BadPinFactory

    from simulator.pins import SimulatedPinFactory

    monkeypatch.delenv("CASIER_SIM_PINS", raising=False)
    with pytest.raises(BadPinFactory, match="set CASIER_SIM_PINS"):
        SimulatedPinFactory()
    with pytest.raises(BadPinFactory, match="start the bench first"):
        SimulatedPinFactory(str(tmp_path / "none.sock"))


def test_client_learns_at_its_next_request_that_the_power_was_cut(bench: Any) -> None:
    from gpiozero.exc import BadPinFactory

    from simulator.pins import SimulatedPinFactory

    factory = SimulatedPinFactory(str(bench.lille.places.pins))
    pin = factory.pin(LOCK_1)
    pin.function = "output"
    pin.state = 1
    assert pin.state
    bench.do(lambda: bench.lille.power(False))
    with pytest.raises(BadPinFactory):
        pin.state  # noqa: B018  # reading it is the request
    assert not bench.lille.doors[1].coil
    factory.close()
