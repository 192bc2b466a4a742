"""Sans-IO: which entries to send next, what is in flight, and when to send it again. Receipts alone let go.

The broker acknowledges in the order of sending: of what it has not acknowledged, the slow network may still carry all.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from controller.store import EpochState
from wire.limits import MAX_BATCH_ENTRIES, MAX_BATCHES_IN_FLIGHT
from wire.messages import EpochRange

RESEND_AFTER_MS = 5_000
RESEND_AT_MOST_EVERY_MS = 120_000
MAX_EPOCHS_IN_BIRTH = 1_000
NEVER_MS = 1 << 62
# How much a batch holds follows how soon the broker has one after the other: more by so many entries where it has it
# quickly, half of it where it is slow. On a slow network a full one would take longer than the connection is given to
# show that it lives.
FEW_ENTRIES = 10
QUICK_MS = 1_000
SLOW_MS = 4_000


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Read this page and, if the session still lasts, send it: epoch number, first seq, entries at most."""

    no: int
    epoch: str
    first: int
    most: int


@dataclass(slots=True)
class _Epoch:
    no: int
    epoch: str
    pruned: int
    through: int
    last: int
    next: int
    issued_at: int = 0
    in_flight: deque[int] = field(default_factory=deque)  # the last seq of each batch sent, in order
    unread: int = 0  # where the page began that could not be read

    @property
    def unreceipted(self) -> int:
        return max(0, self.last - max(self.through, self.pruned))

    @property
    def is_unreadable(self) -> bool:
        return max(self.through, self.pruned) < self.unread <= self.last


class Outbox:
    """One window over all epochs, oldest first. Times are monotonic milliseconds."""

    def __init__(self) -> None:
        self._epochs: dict[str, _Epoch] = {}
        self._connected = False
        self._owed_since: deque[int] = deque()  # when each batch was sent that the broker has not acknowledged
        self._acknowledged_ms = 0
        self._most = FEW_ENTRIES
        self._progress_ms = 0
        self._resend_after_ms = RESEND_AFTER_MS
        self._quiet_since_ms: int | None = None

    def load(self, epochs: Sequence[EpochState]) -> bool:
        """The epochs on disk, oldest first; what is known of those sent before stays. True if one is shorter now.

        Only the newest may have grown since they were read. The others may be shorter than they were: a journal that
        was set aside has been brought over as far as it could be read. What could not be read before may be by now.
        """
        known, self._epochs, is_shorter = self._epochs, {}, False
        for state in epochs:
            old = known.get(state.epoch)
            if old is not None:
                last = max(old.last, state.last) if state is epochs[-1] else state.last
                is_shorter = is_shorter or last < old.last
                old.no, old.pruned, old.last = state.no, state.pruned, last
                old.next = max(old.next, old.pruned + 1)
                if old.is_unreadable:
                    _rewind(old)
                self._epochs[state.epoch] = old
            else:
                first = max(state.through, state.pruned) + 1
                self._epochs[state.epoch] = _Epoch(
                    state.no, state.epoch, state.pruned, state.through, state.last, first
                )
        return is_shorter

    def durable(self, no: int, epoch: str, last: int) -> bool:
        """Entries of this epoch are on disk up to `last`; False if that was known."""
        found = self._epochs.get(epoch)
        if found is None:
            self._epochs[epoch] = _Epoch(no, epoch, 0, 0, last, 1)
        elif last > found.last:
            found.last = last
        else:
            return False
        return True

    def session_started(self, now_ms: int) -> None:
        """A session has begun: send from the last receipts on; only receipts of this session count from here."""
        self._connected = True
        self._owed_since.clear()
        self._most = FEW_ENTRIES
        self._progress_ms = self._acknowledged_ms = now_ms
        self._resend_after_ms = RESEND_AFTER_MS
        self._quiet_since_ms = None
        for epoch in self._epochs.values():
            epoch.issued_at = 0
            _rewind(epoch)

    def session_ended(self) -> None:
        """Nothing is sent until the next session."""
        self._connected = False
        self._quiet_since_ms = None

    def next_page(self) -> PageWanted | None:
        """The next page to read and send, or None while nothing is left or the window is full."""
        if not self._connected or self.in_flight >= MAX_BATCHES_IN_FLIGHT:
            return None
        for epoch in self._epochs.values():
            if epoch.next <= epoch.last:
                return PageWanted(epoch.no, epoch.epoch, epoch.next, self._most)
        return None

    def sent(self, wanted: PageWanted, count: int, now_ms: int) -> None:
        """The page has gone out as one batch of `count` entries."""
        epoch = self._epochs[wanted.epoch]
        if not self.in_flight:
            self._progress_ms = now_ms
            if self._quiet_since_ms is None:
                self._quiet_since_ms = now_ms
        epoch.next = wanted.first + count
        if wanted.first <= epoch.unread < epoch.next:
            epoch.unread = 0
        epoch.in_flight.append(epoch.next - 1)
        self._owed_since.append(now_ms)

    def acknowledged(self, now_ms: int) -> None:
        """The broker has the oldest batch that it had not acknowledged."""
        took_ms = now_ms - max(self._owed_since.popleft(), self._acknowledged_ms)
        self._acknowledged_ms = now_ms
        if took_ms <= QUICK_MS:
            self._most = min(self._most + FEW_ENTRIES, MAX_BATCH_ENTRIES)
        elif took_ms > SLOW_MS:
            self._most = max(self._most // 2, 1)
        if len(self._owed_since) == self.in_flight - 1:
            self._progress_ms = now_ms  # the oldest in flight: from now on its receipt can be late
        if not self._owed_since and not self.in_flight:
            self._quiet_since_ms = None

    def still_wanted(self, wanted: PageWanted) -> bool:
        """Whether a page that was being read is still the one to send."""
        now = self.next_page()
        return now is not None and (now.no, now.first) == (wanted.no, wanted.first)

    def unreadable(self, wanted: PageWanted, now_ms: int) -> None:
        """The page cannot be read now, or any more: other epochs go on, and it is tried again as a late receipt is."""
        epoch = self._epochs[wanted.epoch]
        epoch.next, epoch.unread = epoch.last + 1, wanted.first
        if not self.in_flight:
            self._progress_ms = now_ms

    @property
    def has_unreadable(self) -> bool:
        """Whether something that is to be sent could not be read when it was tried last."""
        return any(epoch.is_unreadable for epoch in self._epochs.values())

    def number_of(self, epoch: str) -> int | None:
        """The number of an epoch on disk, None for a foreign one."""
        found = self._epochs.get(epoch)
        return None if found is None else found.no

    def through(self, epoch: str) -> int | None:
        """Through which entry of that epoch the gateway has sent receipts; None for an epoch that is not known."""
        found = self._epochs.get(epoch)
        return None if found is None else found.through

    def has_lost(self, epoch: str, through: int) -> bool:
        """Whether that entry came behind what is left of an epoch that has ended: there is nothing to compare."""
        found = self._epochs.get(epoch)
        return found is not None and through > found.last and epoch != next(reversed(self._epochs))

    def believable(self, epoch: str, through: int, said: str, own: bytes | None) -> int | None:
        """Through which entry a receipt is to be believed, or None if its hash is not ours. `own` is what our chain has
        there; of entries that are no longer on disk it has nothing: a gateway that lacks them gets what is left."""
        found = self._epochs.get(epoch)
        if found is not None and own is None and through < found.pruned:
            return found.pruned
        return through if own is not None and own.hex() == said else None

    def received(self, epoch: str, through: int, issued_at: int, now_ms: int) -> bool:
        """A believed receipt of this session; False if a newer one is known. The newest wins, even if it is lower."""
        found = self._epochs[epoch]
        if issued_at < found.issued_at or (issued_at == found.issued_at and through < found.through):
            return False
        found.issued_at = issued_at
        if through < found.through:
            found.through = through
            _rewind(found)
        elif through > found.through:
            found.through = through
            found.next = max(found.next, through + 1)
            while found.in_flight and found.in_flight[0] <= through:
                found.in_flight.popleft()
            self._progress_ms = now_ms
            self._resend_after_ms = RESEND_AFTER_MS
            self._quiet_since_ms = now_ms if self.in_flight or self._owed_since else None
        return True

    def tick(self, now_ms: int) -> bool:
        """Send again what has had no receipt for long, less and less often; True if something is to be sent again."""
        if now_ms < self._resend_ms:
            return False
        self._progress_ms = now_ms
        self._resend_after_ms = min(2 * self._resend_after_ms, RESEND_AT_MOST_EVERY_MS)
        for epoch in self._epochs.values():
            if epoch.in_flight or epoch.is_unreadable:
                _rewind(epoch)
        return True

    def due_ms(self, stalled_after_ms: int) -> int:
        """When `tick` or `stalled` will next have something to say, as things stand; NEVER_MS if neither."""
        return min(self._resend_ms, self._stalled_ms(stalled_after_ms))

    def stalled(self, now_ms: int, after_ms: int) -> bool:
        """Whether something waits, and its receipt, or an acknowledgement of what went before, is that late."""
        return now_ms >= self._stalled_ms(after_ms)

    def _stalled_ms(self, after_ms: int) -> int:
        return self._quiet_since_ms + after_ms if self._quiet_since_ms is not None and self.queue else NEVER_MS

    @property
    def _resend_ms(self) -> int:
        """Not while the broker owes an acknowledgement: what it may yet acknowledge may yet have its receipt."""
        if not self._connected or self._owed_since or not (self.in_flight or self.has_unreadable):
            return NEVER_MS
        return self._progress_ms + self._resend_after_ms

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for the window to open, or for a session."""
        return any(epoch.next <= epoch.last for epoch in self._epochs.values())

    @property
    def in_flight(self) -> int:
        """Batches sent and not receipted."""
        return sum(len(epoch.in_flight) for epoch in self._epochs.values())

    @property
    def queue(self) -> int:
        """Entries on disk without a receipt."""
        return sum(epoch.unreceipted for epoch in self._epochs.values())

    def ranges(self) -> tuple[EpochRange, ...]:
        """For the birth: each epoch not wholly receipted, with the first and last seq still on disk."""
        open_epochs = [epoch for epoch in self._epochs.values() if epoch.unreceipted]
        return tuple(
            EpochRange(epoch.epoch, epoch.pruned + 1, epoch.last) for epoch in open_epochs[-MAX_EPOCHS_IN_BIRTH:]
        )


def _rewind(epoch: _Epoch) -> None:
    epoch.in_flight.clear()
    epoch.next = max(epoch.through, epoch.pruned) + 1
