"""What a session says of itself on the bank's `status` topic, and when it is to say it again (sans-IO)."""

from collections import deque

from controller.outbox import NEVER_MS

# However often somebody else's status stands in its place: no loop with whoever publishes that.
_AGAIN_MS = 5_000
# The broker gives a birth back at once; one that it has not given back by then it may have lost.
_BACK_WITHIN_MS = 60_000
# A broker gives them back in order, and soon: of one that is older than these nothing follows.
_REMEMBERED = 4


class Births:
    """Of one session after another. All `mono_ms` are the monotonic clock's."""

    def __init__(self) -> None:
        self._said: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._last_ms = 0
        self.due_ms = NEVER_MS

    def begin(self) -> None:
        """A new session: what the one before it has said is a stranger's now."""
        self._said.clear()

    def said(self, birth: bytes, mono_ms: int) -> None:
        """This birth goes out; it is owed again unless the broker gives it back."""
        self._said.append(birth)
        self._last_ms, self.due_ms = mono_ms, mono_ms + _BACK_WITHIN_MS

    def ended(self, death: bytes) -> None:
        """The session's own last word: it comes back, and is no stranger's."""
        self._said.append(death)

    def is_own(self, status: bytes) -> bool:
        """Whether this session has said what the broker brings; where somebody else has, the birth is owed again."""
        if status not in self._said:
            self.due_ms = self._last_ms + _AGAIN_MS
            return False
        if status == self._said[-1] and self.due_ms == self._last_ms + _BACK_WITHIN_MS:
            self.due_ms = NEVER_MS
        return True
