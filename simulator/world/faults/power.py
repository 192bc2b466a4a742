"""Deaths of a controller: killed or without power at any moment of an opening, hung, stopped, crashing in a loop."""

from collections.abc import Callable

from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from wire.entries import EntryType


def _on_again(hit: Hit) -> Heal:
    def heal() -> None:
        if not hit.bank.machine.powered:
            hit.bank.power_on()
        elif not hit.bank.running:
            hit.bank.start()

    return heal


def _power_cut(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    hit.bank.power_cut()
    return _on_again(hit)


def _at_an_opening(act: Callable[[Hit], None], times: int) -> Callable[[Schedule, Hit], Heal]:
    """At some millisecond between the badge and the closing of the door, several times."""

    def begin(schedule: Schedule, hit: Hit) -> Heal:
        world, left = schedule.world, [times]

        def intended() -> None:
            if left[0] > 0:
                left[0] -= 1
                moment_ms = hit.chance.choice((0, 1, hit.chance.randint(0, 20), hit.chance.randint(0, 400), 2_000))
                world.loop.after(moment_ms, act, hit)

        schedule.watch.at_intents(hit.bank.name, intended)
        again = _on_again(hit)

        def heal() -> None:
            left[0] = 0
            hit.bank.disk.watch = None
            again()

        return heal

    return begin


def _kill(hit: Hit) -> None:
    hit.bank.kill()


def _cut_for_a_while(hit: Hit) -> None:
    """Between two operations of its disk, or within one: its journal writes while somebody is at a door."""

    def dark() -> None:
        hit.bank.loop.after(hit.chance.randint(1_000, 900_000), _on_again(hit))

    if hit.chance.random() < 0.5:
        hit.bank.power_cut_within(hit.chance.randint(1, 12), dark)
    else:
        hit.bank.power_cut()
        dark()


def _hang(hit: Hit) -> None:
    hit.bank.hang(hit.chance.choice((300, 1_000, 4_000, 30_000)))


def _crash_loop(schedule: Schedule, hit: Hit) -> Heal:
    """Killed over and over, sometimes before it is ready."""
    left = [hit.chance.randint(5, 40)]

    def again() -> None:
        if left[0] > 0:
            left[0] -= 1
            hit.bank.kill()
            schedule.world.loop.after(hit.chance.randint(1, 20_000), again)

    def heal() -> None:
        left[0] = 0
        _on_again(hit)()

    again()
    return heal


def _stopped(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    hit.bank.stop()
    return _on_again(hit)


def _sags(schedule: Schedule, hit: Hit) -> Heal:
    """The supply sags as a coil pulls: the Pi says so where it can, and now and then is reset."""
    world, left = schedule.world, [3]

    def pulled(_locker: int) -> None:
        if left[0] > 0:
            left[0] -= 1
            devices = hit.bank.devices
            if hit.chance.random() < 0.5:
                world.loop.after(hit.chance.randint(1, 200), _cut_for_a_while, hit)
            elif "supply" not in devices.active:
                schedule.watch.told.expect(hit.bank.name, EntryType.UNDERVOLTAGE)
                world.loop.after(1_000, devices.input, "supply", "undervoltage", False)
            devices.input("supply", "undervoltage", active=True)

    schedule.watch.at_coils(hit.bank.name, pulled)

    def heal() -> None:
        left[0] = 0
        hit.bank.devices.input("supply", "undervoltage", active=False)
        _on_again(hit)()

    return heal


FAMILY = (
    Fault("power_cut", (3, 22), (MINUTE_MS, 3 * DAY_MS), _power_cut),
    Fault("killed_at_opening", (2,), (6 * HOUR_MS, DAY_MS), _at_an_opening(_kill, 6)),
    Fault("power_cut_at_opening", (2, 3), (6 * HOUR_MS, DAY_MS), _at_an_opening(_cut_for_a_while, 4)),
    Fault("hangs_at_opening", (26,), (6 * HOUR_MS, DAY_MS), _at_an_opening(_hang, 6)),
    Fault("crash_loop", (26,), (MINUTE_MS, HOUR_MS), _crash_loop),
    Fault("stopped", (26,), (MINUTE_MS, DAY_MS), _stopped),
    Fault("supply_sags", (22,), (6 * HOUR_MS, DAY_MS), _sags),
)
