"""In which order a bank's entries happened, whatever the order they came in and whatever its clock said."""

from collections.abc import Iterable
from functools import cmp_to_key
from typing import NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from gateway.events.models import RARE, Event
from gateway.ingest.models import Epoch
from wire.entries import Entry, EntryType, decode_entry

# So much of a locker is told again when an entry of it comes late: far more than happens between two closings.
_TOLD_AGAIN, _STARTS = 200, 50
_OF_BANK = Event.bank_id == bindparam("bank")
_LINKS = select(Epoch.epoch, Epoch.previous_epoch).where(
    Epoch.bank_id == bindparam("bank"), Epoch.previous_epoch.is_not(None)
)
_COUNT = select(func.count()).select_from(Event).where(_OF_BANK, Event.epoch == bindparam("name"))
# Openings are deleted after a while, and alarms are not: of a time before that, what ended an alarm may be gone.
_KEPT = (
    select(Event.line, Event.received_at)
    .where(_OF_BANK, Event.line.is_not(None), Event.received_at >= bindparam("since"))
    .order_by(Event.id.desc())
)
_OF_LOCKER = _KEPT.where(Event.locker == bindparam("number")).limit(_TOLD_AGAIN)
_OF_STARTS = _KEPT.where(Event.kind == EntryType.STARTED.value, RARE).limit(_STARTS)


class Told(NamedTuple):
    """An entry, and when it happened as far as can be believed: not after it came."""

    entry: Entry
    at: int


class JournalOrder:
    """Within an epoch entries go by the monotonic clock of the one run that wrote them: `at` may jump, and a disk with
    little room writes some behind what came later. Epochs go by their links; those that no links join (one is lacking,
    a card was copied) go by `at`.
    """

    def __init__(self, connection: Connection, bank_id: str) -> None:
        self._connection = connection
        self._bank_id = bank_id
        self._previous: dict[str, str] | None = None
        self._followed: frozenset[str] = frozenset()
        self._depths: dict[str, int] = {}
        self._starts: list[Told] | None = None

    def is_newest(self, told: Told, *, epoch: str, mono_ms: int, seq: int, at: int) -> bool:
        """Whether it happened after the entry described, the newest known until then (epoch "": none), and nothing is
        known to have happened after it."""
        entry = told.entry
        if entry.epoch == epoch:
            return (entry.mono_ms, entry.seq) > (mono_ms, seq)
        self._links()
        if entry.epoch in self._followed:
            return False
        return not epoch or self._order(entry.epoch, epoch, told.at, at) >= 0

    def is_whole(self, started: Entry, together: int) -> bool:
        """Whether nothing of its epoch came before the `together` entries that came with it."""
        stored = self._connection.execute(_COUNT, {"bank": self._bank_id, "name": started.epoch}).scalar_one()
        return int(stored) <= together

    def of_locker(self, number: int, fresh: Iterable[Told], since: int) -> list[Told]:
        """What came of a locker and of the bank's starts since that instant, and what is `fresh`, in the order of
        happening."""
        if self._starts is None:
            self._starts = self._kept(_OF_STARTS, since=since)
        stored = self._kept(_OF_LOCKER, number=number, since=since)
        found = {(one.entry.epoch, one.entry.seq): one for one in (*fresh, *stored, *self._starts)}
        by_epoch: dict[str, list[Told]] = {}
        for one in sorted(found.values(), key=lambda told: (told.entry.mono_ms, told.entry.seq)):
            by_epoch.setdefault(one.entry.epoch, []).append(one)

        def compare(one: list[Told], other: list[Told]) -> int:
            return self._order(one[0].entry.epoch, other[0].entry.epoch, one[-1].at, other[-1].at)

        epochs = sorted(by_epoch.values(), key=lambda epoch: epoch[0].entry.epoch)
        return [one for epoch in sorted(epochs, key=cmp_to_key(compare)) for one in epoch]

    def _kept(self, statement: Select[bytes | None, int], **values: int) -> list[Told]:
        rows = self._connection.execute(statement, {"bank": self._bank_id, **values})
        entries = ((decode_entry(bytes(line)), received_at) for line, received_at in rows if line is not None)
        return [Told(entry, min(entry.at, received_at)) for entry, received_at in entries]

    def _order(self, one: str, other: str, one_at: int, other_at: int) -> int:
        """Above 0: epoch `one` is the later one."""
        if self._follows(one, other):
            return 1
        return -1 if self._follows(other, one) else one_at - other_at

    def _follows(self, later: str, earlier: str) -> bool:
        """It goes back no further than it has to: a bank that starts over and over has thousands of epochs."""
        links, at = self._links(), later
        for _ in range(self._depth(later) - self._depth(earlier)):
            at = links.get(at, "")
        return at == earlier != later

    def _depth(self, epoch: str) -> int:
        """How many epochs are known before it."""
        links, before = self._links(), list[str]()
        at: str | None = epoch
        while at is not None and at not in self._depths:
            self._depths[at] = 0  # of links in a ring, which only a defect makes, none is the first
            before.append(at)
            at = links.get(at)
        depth = -1 if at is None else self._depths[at]
        for name in reversed(before):
            depth += 1
            self._depths[name] = depth
        return depth

    def _links(self) -> dict[str, str]:
        if self._previous is None:
            rows = self._connection.execute(_LINKS, {"bank": self._bank_id})
            self._previous = {epoch: previous for epoch, previous in rows if previous is not None}
            self._followed = frozenset(self._previous.values())
        return self._previous
