"""What is heard of each bank right now, in this process's memory: session, beat, health. Any thread may ask."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.access.commands import Beat
from wire.limits import COMMAND_FRESH_MS, HEALTH_EVERY_MS
from wire.messages import Birth, Health

# Three health messages lost in a row.
SILENT_MS = 3 * HEALTH_EVERY_MS
# So far apart may two clocks be that agree (a controller's, too: docs/decisions/0015-time.md).
AGREE_MS = 5 * 60_000


@dataclass(frozen=True)
class Following:
    """The list a bank says it follows now; the hash is known from births only."""

    version: int
    hash: str | None


@dataclass
class _Bank:
    birth: Birth
    beat: Beat | None = None
    beat_ms: int = 0
    heard_ms: int = 0
    health: Health | None = None
    following: Following | None = None


@dataclass
class Presence:
    """`mono_ms` reads a monotonic clock: a beat's age is counted from when it arrived here, whatever the time is."""

    mono_ms: Callable[[], int]
    _banks: dict[str, _Bank] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def born(self, bank_id: str, birth: Birth, *, retained: bool) -> None:
        """A session has begun.

        A retained birth may be old: its beat makes no command fresh, and its list may have been replaced since; what
        is known of the same session already stays.
        """
        now = self.mono_ms()
        with self._lock:
            known = self._banks.get(bank_id)
            if not retained:
                following = Following(birth.list_version, birth.list_hash)
                self._banks[bank_id] = _Bank(birth, Beat(birth.session, birth.beat), now, now, None, following)
            elif known is None or known.birth.session != birth.session:
                self._banks[bank_id] = _Bank(birth, heard_ms=now)
                self._settled.discard(bank_id)

    def beats(self, bank_id: str, health: Health) -> bool:
        """A health message; only the present session's counts. A bank that says it follows another list than before may
        be published to only once that has been looked at."""
        with self._lock:
            bank = self._banks.get(bank_id)
            if bank is None or bank.birth.session != health.session:
                return False
            now = self.mono_ms()
            bank.beat, bank.beat_ms, bank.heard_ms, bank.health = Beat(health.session, health.beat), now, now, health
            if bank.following is None or bank.following.version != health.list_version:
                bank.following = Following(health.list_version, None)
                self._settled.discard(bank_id)
            return True

    def gone(self, bank_id: str) -> None:
        """The session is over. A bank that was settled stays so: what it follows cannot change while it is away."""
        with self._lock:
            self._banks.pop(bank_id, None)

    def settle(self, bank_id: str) -> None:
        """This run has seen that the bank follows a list this database knows: it may be published to."""
        with self._lock:
            self._settled.add(bank_id)

    def unsettle(self, bank_id: str) -> None:
        """The bank must not be published to."""
        with self._lock:
            self._settled.discard(bank_id)

    def is_settled(self, bank_id: str) -> bool:
        """Whether the bank may be published to."""
        with self._lock:
            return bank_id in self._settled

    def fresh_beat(self, bank_id: str) -> Beat | None:
        """A beat from which a command can be made, or None: the bank is offline as far as commands go."""
        with self._lock:
            bank = self._banks.get(bank_id)
            if bank is None or bank.beat is None or self.mono_ms() - bank.beat_ms > COMMAND_FRESH_MS:
                return None
            return bank.beat

    def heard(self, bank_id: str) -> bool:
        """Whether the bank has been heard within 45 s."""
        ago = self.heard_ago_ms(bank_id)
        return ago is not None and ago <= SILENT_MS

    def heard_ago_ms(self, bank_id: str) -> int | None:
        """How long ago the present session's last word came, or None without one."""
        with self._lock:
            bank = self._banks.get(bank_id)
            return None if bank is None else self.mono_ms() - bank.heard_ms

    def birth_of(self, bank_id: str) -> Birth | None:
        """The present session's birth."""
        with self._lock:
            bank = self._banks.get(bank_id)
            return bank.birth if bank else None

    def following(self, bank_id: str) -> Following | None:
        """The list the bank follows; None until it has said so itself in this run."""
        with self._lock:
            bank = self._banks.get(bank_id)
            return bank.following if bank else None

    def confirms(self, bank_id: str, now: int) -> bool:
        """Whether the bank says, by a clock that it trusts, that it is `now` (unix ms)."""
        with self._lock:
            bank = self._banks.get(bank_id)
            if bank is None or bank.health is None or bank.health.clock != "trusted":
                return False
            return abs(bank.health.at + self.mono_ms() - bank.heard_ms - now) <= AGREE_MS

    def health_of(self, bank_id: str) -> Health | None:
        """The last health message of the present session."""
        with self._lock:
            bank = self._banks.get(bank_id)
            return bank.health if bank else None
