"""The gateway and its database: killed at the worst moments, down, full, slow, restored, empty."""

from collections.abc import Callable

from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule


def _killed(schedule: Schedule, hit: Hit) -> Heal:
    """Killed before a commit, an acknowledgement or a receipt; its unit starts it again."""
    world, left = schedule.world, [hit.chance.randint(1, 12)]

    def again() -> None:
        gateway = world.gateway
        if left[0] > 0:
            left[0] -= 1
            if gateway.running:
                gateway.crash_at(hit.chance.choice(("commit", "acknowledge", "publish")))
            world.loop.after(hit.chance.randint(60_000, 3_600_000), restart)

    def restart() -> None:
        world.gateway.start()
        again()

    def heal() -> None:
        left[0] = 0
        world.gateway.storage.heal()
        world.gateway.occasions.names.clear()
        world.gateway.start()

    again()
    return heal


def _away(schedule: Schedule, hit: Hit) -> Heal:
    gateway = schedule.world.gateway
    gateway.crash(silent=hit.chance.random() < 0.5)
    return gateway.start


def _database(act: str) -> Callable[[Schedule, Hit], Heal]:
    def begin(schedule: Schedule, hit: Hit) -> Heal:
        storage = schedule.world.gateway.storage
        getattr(storage, act)()
        before = storage.refused
        hit.has_bitten = lambda: storage.refused > before
        return storage.heal

    return begin


def _slow(schedule: Schedule, hit: Hit) -> Heal:
    storage = schedule.world.gateway.storage
    storage.slow_ms = hit.chance.randint(500, 30_000)

    def heal() -> None:
        storage.slow_ms = 0

    return heal


def _restored(schedule: Schedule, hit: Hit) -> Heal | None:
    """A day or more later its database is put back to what it was; an operator looks, and decides."""
    if schedule.is_empty:
        return None
    saved = schedule.backup()

    def heal() -> None:
        schedule.restore(saved)
        schedule.world.loop.after(hit.chance.randint(60_000, 3_600_000), schedule.reconcile)

    return heal


def _empty(schedule: Schedule, hit: Hit) -> Heal | None:  # noqa: ARG001
    """It comes up with nothing at all, until somebody finds the backup."""
    if schedule.is_empty:
        return None
    saved = schedule.backup()
    schedule.emptied()

    def heal() -> None:
        schedule.restore(saved)
        schedule.world.loop.after(600_000, schedule.reconcile)

    return heal


FAMILY = (
    Fault("gateway_killed", (27,), (HOUR_MS, 12 * HOUR_MS), _killed, everywhere=True),
    Fault("gateway_away", (27, 12), (MINUTE_MS, 2 * DAY_MS), _away, everywhere=True),
    Fault("database_down", (27,), (MINUTE_MS, 12 * HOUR_MS), _database("down"), everywhere=True),
    Fault("database_full", (27,), (MINUTE_MS, 12 * HOUR_MS), _database("full"), everywhere=True),
    Fault("database_full_at_commit", (27,), (MINUTE_MS, 6 * HOUR_MS), _database("full_at_commit"), everywhere=True),
    Fault("database_slow", (27,), (HOUR_MS, DAY_MS), _slow, everywhere=True),
    Fault("database_restored", (13,), (HOUR_MS, DAY_MS), _restored, everywhere=True),
    Fault("database_empty", (13,), (MINUTE_MS, 6 * HOUR_MS), _empty, everywhere=True),
)
