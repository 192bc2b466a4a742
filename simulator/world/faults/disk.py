"""The card: full, read-only, stalled, broken, its syncs failing; and power cut within one of its operations."""

import errno
from collections.abc import Callable

from simulator.world.disk import ROOMY
from simulator.world.faults.fault import DAY_MS, HOUR_MS, MINUTE_MS, Fault, Heal, Hit
from simulator.world.faults.schedule import Schedule
from wire.entries import EntryType

# How old the journal's last look at its disk may be when something is written.
_LOOKED_AT_MS = 5_000
_CUTS = 3


def _troubled(schedule: Schedule, hit: Hit, since_ms: int) -> None:
    """A disk that takes nothing, though something was to be written: health says so."""
    bank, world, told = hit.bank, schedule.world, schedule.watch.told
    runtime = bank.runtime
    if runtime is None or not told.hears(bank, disturbed=True):
        return
    tried = told.written_since(bank.name, max(since_ms, bank.began_ms)) < world.now_ms - MINUTE_MS
    if tried or runtime.journal.trouble is not None:
        shown = any(fault.source == "journal" for fault in runtime.faults)
        told.must(shown, f"the disk of {bank.name} takes nothing, and its health does not say so")
    if tried and runtime.journal.trouble == "low":
        said = told.said_since(bank.name, EntryType.DISK_LOW, bank.began_ms)
        told.must(said, f"the disk of {bank.name} is nearly full, and its journal does not say so")


def _full(schedule: Schedule, hit: Hit) -> Heal:
    disk, since_ms = hit.bank.disk, schedule.world.now_ms
    disk.capacity = capacity = disk.used + hit.chance.choice((0, 4_096, 100_000))

    def heal() -> None:
        if disk.capacity == capacity:
            _troubled(schedule, hit, since_ms + _LOOKED_AT_MS)
            disk.capacity = ROOMY

    return heal


def _takes_nothing(how: str) -> Callable[[Schedule, Hit], Heal | None]:
    def begin(schedule: Schedule, hit: Hit) -> Heal | None:
        disk, since_ms = hit.bank.disk, schedule.world.now_ms
        if getattr(disk, how):
            return None  # it is so already, for as long as that lasts
        setattr(disk, how, True)

        def heal() -> None:
            _troubled(schedule, hit, since_ms)
            setattr(disk, how, False)
            disk.refusals += 1  # whatever was to be written until now
            disk.mended_ms = schedule.world.now_ms

        return heal

    return begin


def _stalls(schedule: Schedule, hit: Hit) -> Heal:
    """It answers nothing for seconds, again and again, as a door is to be opened."""
    world, disk = schedule.world, hit.bank.disk
    stalls, going = [0], [True]

    def intended() -> None:
        if going[0] and world.now_ms >= stalls[-1]:
            disk.stalled_until_ms = world.now_ms + hit.chance.randint(300, 60_000)
            stalls.append(disk.stalled_until_ms + hit.chance.randint(1_000, 600_000))

    def heal() -> None:
        going[0] = False

    schedule.watch.at_intents(hit.bank.name, intended)
    hit.has_bitten = lambda: len(stalls) > 1
    return heal


def _sync_fails(schedule: Schedule, hit: Hit) -> Heal:  # noqa: ARG001
    disk, share = hit.bank.disk, hit.chance.uniform(0.02, 0.5)

    def refuses(operation: str, _name: str) -> int | None:
        return errno.EIO if operation == "sync" and hit.chance.random() < share else None

    disk.refuses = refuses

    def heal() -> None:
        disk.refuses = None

    return heal


def _cut_at_write(schedule: Schedule, hit: Hit) -> Heal:
    """Again and again, each time after it has been on for some operations."""
    bank, left = hit.bank, [_CUTS]

    def watch() -> None:
        bank.power_cut_within(hit.chance.randint(1, 60), dark)

    def dark() -> None:
        left[0] -= 1
        schedule.world.loop.after(hit.chance.randint(1_000, 900_000), bright)

    def bright() -> None:
        if not bank.machine.powered:
            bank.power_on()
        if left[0] > 0:
            watch()

    def heal() -> None:
        left[0] = 0
        bank.disk.watch = None
        bright()

    watch()
    hit.has_bitten = lambda: left[0] == 0
    return heal


FAMILY = (
    Fault("disk_full", (11,), (HOUR_MS, 2 * DAY_MS), _full),
    Fault("disk_read_only", (11,), (HOUR_MS, 2 * DAY_MS), _takes_nothing("read_only")),
    Fault("disk_broken", (11,), (MINUTE_MS, DAY_MS), _takes_nothing("broken")),
    Fault("disk_stalls", (11,), (HOUR_MS, 12 * HOUR_MS), _stalls),
    Fault("disk_sync_fails", (11,), (HOUR_MS, DAY_MS), _sync_fails),
    Fault("power_cut_at_write", (3,), (HOUR_MS, 6 * HOUR_MS), _cut_at_write),
)
