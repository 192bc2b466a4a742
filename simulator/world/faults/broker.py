"""The broker: it dies in the middle of a publish, loses its disk, or does to messages whatever a bad one may do."""

from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule


def _dies(schedule: Schedule, hit: Hit) -> Heal:
    broker = schedule.world.broker
    broker.kill_in_publish(hit.chance.choice(("received", "routed")))
    return broker.start


def _away(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    schedule.world.broker.kill()
    return schedule.world.broker.start


def _wiped(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    broker = schedule.world.broker
    broker.kill()
    broker.wipe()
    return broker.start


def _restored(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    broker = schedule.world.broker
    saved = broker.save()

    def old_database() -> None:
        broker.kill()
        broker.restore(saved)
        broker.start()

    return old_database


def _mischief(chances: tuple[str, ...], names: frozenset[str] = frozenset(), most: float = 0.5) -> Fault:
    """One kind of mischief, or several at once, to some of the messages or to those of some topics."""

    def begin(schedule: Schedule, hit: Hit) -> Heal:
        mischief = schedule.world.mischief
        mischief.set({kind: hit.chance.uniform(0.05, most) for kind in chances}, names)
        return lambda: mischief.set({})

    rows = {"lose": (1,), "double": (6,), "reorder": (7,), "delay": (9,), "replay": (8,), "retain": (9,)}
    shown = (7,) if names else tuple(sorted({row for kind in chances for row in rows[kind]}))
    verb = {"lose": "loses", "double": "doubles", "reorder": "reorders", "delay": "delays", "replay": "replays",
            "retain": "retains"}  # fmt: skip
    name = "lists_missing" if names else f"broker_{'_'.join(verb[kind] for kind in chances)}"
    return Fault(name, shown, (2 * HOUR_MS, 3 * DAY_MS), begin, everywhere=True)


FAMILY = (
    Fault("broker_dies_in_publish", (1,), (6 * HOUR_MS, 12 * HOUR_MS), _dies, everywhere=True),
    Fault("broker_away", (1, 12), (MINUTE_MS, 2 * DAY_MS), _away, everywhere=True),
    Fault("broker_wiped", (1,), (MINUTE_MS, HOUR_MS), _wiped, everywhere=True),
    Fault("broker_restored", (1, 8), (HOUR_MS, 3 * DAY_MS), _restored, everywhere=True),
    _mischief(("lose",)),
    _mischief(("double",)),
    _mischief(("reorder",), most=1.0),
    _mischief(("delay",)),
    _mischief(("replay",)),
    _mischief(("retain",)),
    _mischief(("lose", "double", "reorder", "delay", "replay"), most=0.2),
    _mischief(("lose", "reorder"), frozenset({"access"}), most=1.0),
)
