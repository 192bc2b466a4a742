"""Clocks: back, forward at once or step by step, none at all; and a gateway that is hours fast, or slow."""

from gateway.access.out_of_service import ServiceReason
from simulator.world.desk import Desk
from simulator.world.doubt import until_in_touch
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from simulator.world.gateway import Gateway

# How often a wrong battery clock has its time from the network.
_SERVED = 0.5


def _doubt(schedule: Schedule, bank: str) -> Heal:
    """From now on this bank's clock may be judged either way; after it was healed until its floor has waited for a day,
    and another to be sure, with somebody to tell it the time."""
    world = schedule.world
    world.wrong_clocks[bank] += 1
    return lambda: until_in_touch(world, bank, world.wrong_clocks, 1, DAY_MS)


def _moved(schedule: Schedule, hit: Hit, away_ms: int) -> Heal:
    machine, certain = hit.bank.machine, _doubt(schedule, hit.bank.name)
    machine.system_away_ms = away_ms

    def heal() -> None:
        _seen(schedule, hit)
        machine.system_away_ms = 0
        certain()

    return heal


def _seen(schedule: Schedule, hit: Hit) -> None:
    """A bank that has looked at a clock that is wrong trusts no time, or says that somebody tells another one."""
    bank, told = hit.bank, schedule.watch.told
    runtime, machine = bank.runtime, bank.machine
    looked_ms = max(machine.wrong_since_ms, bank.began_ms) + round(bank.pace.look_s * 1_000) + MINUTE_MS
    if runtime is None or not machine.system_away_ms or schedule.world.now_ms < looked_ms:
        return
    shown = any(fault.source == "clock" for fault in runtime.faults)
    told.must(shown or runtime.now().clock != "trusted", f"a clock of {bank.name} is wrong, and nobody is told")


def _back(schedule: Schedule, hit: Hit) -> Heal:
    return _moved(schedule, hit, -hit.chance.choice((HOUR_MS, 5 * DAY_MS, 400 * DAY_MS)))


def _forward(schedule: Schedule, hit: Hit) -> Heal:
    return _moved(schedule, hit, hit.chance.choice((HOUR_MS, 5 * DAY_MS, 400 * DAY_MS, 3_650 * DAY_MS)))


def _creeps(schedule: Schedule, hit: Hit) -> Heal:
    """Four hundred steps of 23 hours, and the bank sees each."""
    machine, heal, left = hit.bank.machine, _moved(schedule, hit, 0), [400]
    every_ms = max(MINUTE_MS, hit.lasts_ms // 400)

    def step() -> None:
        if left[0] > 0:
            left[0] -= 1
            machine.system_away_ms += 23 * HOUR_MS
            hit.bank.look_at_clock()
            schedule.world.loop.after(every_ms, step)

    def healed() -> None:
        left[0] = 0
        heal()

    step()
    return healed


def _gateway_fast(schedule: Schedule, hit: Hit) -> Heal:
    """Staff put a locker out of service meanwhile: for nearly two days by the bank's clock, which refuses that."""
    gateway, banks = schedule.world.gateway, list(schedule.world.banks)
    certain = [_doubt(schedule, bank) for bank in banks]
    gateway.clock_ms = 20 * HOUR_MS
    schedule.town.clock_wrong()
    number = hit.chance.choice(sorted(hit.bank.doors.by_number))
    schedule.world.loop.after(hit.lasts_ms // 2, _out_of_service, gateway, hit.bank.name, number)

    def heal() -> None:
        schedule.town.clock_right()
        gateway.clock_ms = 0
        for over in certain:
            over()

    return heal


def _gateway_slow(schedule: Schedule, hit: Hit) -> Heal:
    """It comes up with its clock behind, as with no battery clock and no network; staff go on with it meanwhile."""
    gateway = schedule.world.gateway
    gateway.crash()
    gateway.clock_ms = -hit.chance.choice((HOUR_MS, 20 * HOUR_MS, 5 * DAY_MS, 400 * DAY_MS))
    schedule.town.clock_wrong()
    gateway.start()

    def heal() -> None:
        schedule.town.clock_right()
        gateway.clock_ms = 0

    return heal


def _out_of_service(gateway: Gateway, bank: str, number: int) -> None:
    until = gateway.now() + 23 * HOUR_MS
    Desk(gateway, "somebody").take_out(bank, number, ServiceReason.WORKS, until, lambda _: None)


def _no_clock(schedule: Schedule, hit: Hit) -> Heal:
    """A boot with no battery clock, no NTP and no network."""
    bank, network = hit.bank, schedule.world.network
    certain = _doubt(schedule, bank.name)
    began_ms = schedule.world.now_ms
    had_battery = bank.machine.battery_clock
    bank.machine.synchronised = bank.machine.battery_clock = False
    network.cut(bank.client)
    bank.power_cut()
    schedule.world.loop.after(hit.chance.randint(1_000, hit.lasts_ms // 2), _on, bank)

    def heal() -> None:
        told, runtime = schedule.watch.told, bank.runtime
        unset = not bank.machine.synchronised  # another such fault may have been healed meanwhile
        if unset and runtime is not None and bank.began_ms > began_ms and told.hears(bank, disturbed=True):
            told.must(runtime.now().clock != "trusted", f"{bank.name} trusts a clock that nobody has set")
        bank.machine.synchronised, bank.machine.battery_clock = True, had_battery
        network.heal(bank.client)
        certain()

    return heal


def _battery(schedule: Schedule, hit: Hit) -> Heal:
    """A battery clock that says the wrong time at a boot; now and then it has that from a time server that is still
    wrong afterwards."""
    bank, certain = hit.bank, _doubt(schedule, hit.bank.name)
    machine = bank.machine
    machine.battery_clock = True
    machine.battery_away_ms = hit.chance.choice((-400 * DAY_MS, -HOUR_MS, HOUR_MS, 400 * DAY_MS))
    bank.power_cut()
    schedule.world.loop.after(hit.chance.randint(1_000, 60_000), _on, bank)
    served = hit.chance.random() < _SERVED
    if served:
        machine.system_away_ms = machine.battery_away_ms

    def heal() -> None:
        machine.battery_clock, machine.battery_away_ms = False, 0
        if served:
            machine.system_away_ms = 0
        certain()

    return heal


def _on(bank: object) -> None:
    if not bank.machine.powered:  # type: ignore[attr-defined]
        bank.power_on()  # type: ignore[attr-defined]


FAMILY = (
    Fault("clock_back", (4,), (HOUR_MS, 3 * DAY_MS), _back),
    Fault("clock_forward", (5,), (HOUR_MS, 3 * DAY_MS), _forward),
    Fault("clock_creeps", (5,), (7 * HOUR_MS, 2 * DAY_MS), _creeps),
    Fault("gateway_fast", (5,), (HOUR_MS, DAY_MS), _gateway_fast, everywhere=True),
    Fault("gateway_slow", (4,), (MINUTE_MS, DAY_MS), _gateway_slow, everywhere=True),
    Fault("no_clock_at_boot", (5, 9), (HOUR_MS, 2 * DAY_MS), _no_clock),
    Fault("battery_clock_wrong", (5,), (HOUR_MS, 2 * DAY_MS), _battery),
)
