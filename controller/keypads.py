"""Typing at a reader's keypad: who is asked for what, for how long, and what a keypad that says nothing is worth.

Digits live here until `#`, and nowhere else. It does not judge them: see presentations.py.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from controller.faultboard import FaultBoard
from controller.inputs import KeyPressed
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from hw.ports import Signal
from wire.access_list import Grant
from wire.entries import EntryType
from wire.pin import PIN_MAX_DIGITS

TYPED_WITHIN_MS = 15_000
# Nobody answers three times, not even another badge's owner: the keypad is taken for dead, and locks nobody out.
SILENT_AFTER = 3
# Who taps again sooner has hardly looked for the keys.
LOOKED_MS = 5_000
TRIES = 3
SLOWED_MS = 30_000


@dataclass(slots=True, eq=False)
class Asked:
    """One person at one keypad: which badge, by which grant, and whether a `pin` or a `locker` is awaited."""

    reader: str
    digest: str
    grant: Grant
    what: str
    asked_ms: int
    typed: str = field(default="", repr=False)
    touched: bool = False


Typed = Callable[[Asked, str, Turn], None]
Missing = Callable[[Asked, bool, Turn], None]


class Keypads:
    """The keypads of a bank. `typed` gets what was ended with `#`, `missing` whom nothing was typed for in time.

    `missing` is told whether that person still stands there.
    """

    def __init__(
        self,
        readers: Collection[str],
        agenda: Agenda,
        faults: FaultBoard,
        suppression: Suppression,
        typed: Typed,
        missing: Missing,
    ) -> None:
        self._readers = frozenset(readers)
        self._agenda = agenda
        self._faults = faults
        self._suppression = suppression
        self._typed = typed
        self._missing = missing
        self._failed: set[str] = set()
        self._silent: set[str] = set()
        self._unanswered: dict[str, deque[str]] = {}
        self._asked: dict[str, Asked] = {}
        self._wrong: dict[str, tuple[int, int]] = {}  # by digest: how often in a row, and until when it is slowed

    def works(self, reader: str) -> bool:
        """Whether something can be typed at this reader."""
        return reader in self._readers and reader not in self._failed and reader not in self._silent

    @property
    def any_works(self) -> bool:
        """Whether something can be typed anywhere at this bank."""
        return any(map(self.works, self._readers))

    def reader_failed(self, reader: str, turn: Turn) -> None:
        """The device is gone, and its keys with it."""
        self._failed.add(reader)
        self._drop(reader, turn)

    def reader_recovered(self, reader: str) -> None:
        """The device works again; of its keys nothing bad is known."""
        self._failed.discard(reader)
        self._silent.discard(reader)
        self._unanswered.pop(reader, None)
        self._faults.clear(reader, "keypad")

    def is_slowed(self, digest: str, now_ms: int) -> bool:
        """Whether this badge's PIN was wrong too often just now; it is asked again after a while, always."""
        return now_ms < self._wrong.get(digest, (0, 0))[1]

    def was_wrong(self, digest: str, now_ms: int) -> None:
        """A wrong PIN: from the third in a row on, each costs a wait."""
        count = self._wrong.get(digest, (0, 0))[0] + 1
        self._wrong[digest] = count, now_ms + SLOWED_MS if count >= TRIES else 0

    def was_right(self, digest: str) -> None:
        """The PIN of this badge."""
        self._wrong.pop(digest, None)

    def ask(self, reader: str, digest: str, grant: Grant, what: str, turn: Turn) -> None:
        """Ask at this reader, in place of anyone asked there before."""
        asked = self._asked[reader] = Asked(reader, digest, grant, what, turn.now.mono_ms)
        self._agenda.at(asked.asked_ms + TYPED_WITHIN_MS, lambda later: self._too_late(asked, later))
        turn.show(Signal.ENTER_PIN, reader)

    def dismiss(self, reader: str, turn: Turn) -> None:
        """Another badge is at this reader: whoever was asked there has gone."""
        asked = self._drop(reader, turn)
        if asked is not None and not asked.touched and turn.now.mono_ms - asked.asked_ms >= LOOKED_MS:
            self._unheard(asked, turn)

    def pressed(self, event: KeyPressed, turn: Turn) -> None:
        """One key. `*` begins again, `#` ends; a key that nobody was asked for only shows that the keypad lives."""
        self._alive(event.reader, turn)
        asked = self._asked.get(event.reader)
        if asked is None or event.read_ms < asked.asked_ms:
            return
        asked.touched = True
        if event.key == "*":
            asked.typed = ""
        elif event.key == "#" and asked.typed:
            del self._asked[event.reader]
            typed, asked.typed = asked.typed, ""
            self._typed(asked, typed, turn)
        elif event.key.isdecimal() and len(asked.typed) <= PIN_MAX_DIGITS:  # one too many is a wrong PIN
            asked.typed += event.key

    def _drop(self, reader: str, turn: Turn) -> Asked | None:
        asked = self._asked.pop(reader, None)
        if asked is not None:
            asked.typed = ""
            self._missing(asked, False, turn)
        return asked

    def _too_late(self, asked: Asked, turn: Turn) -> None:
        if self._asked.get(asked.reader) is not asked:
            return
        del self._asked[asked.reader]
        asked.typed = ""
        if not asked.touched:
            self._unheard(asked, turn)
        self._missing(asked, True, turn)

    def _unheard(self, asked: Asked, turn: Turn) -> None:
        badges = self._unanswered.setdefault(asked.reader, deque(maxlen=SILENT_AFTER))
        badges.append(asked.digest)
        # One badge alone proves nothing: its finder could otherwise wait a keypad dead.
        if len(badges) == SILENT_AFTER and len(set(badges)) > 1:
            self._silent.add(asked.reader)
            if self._faults.put(asked.reader, "keypad_silent", kind="keypad"):
                self._tell(EntryType.READER_FAULT, asked.reader, turn)

    def _alive(self, reader: str, turn: Turn) -> None:
        self._unanswered.pop(reader, None)
        if reader in self._silent:
            self._silent.discard(reader)
            if self._faults.put(reader, "keypad_silent", present=False, kind="keypad"):
                self._tell(EntryType.READER_RECOVERED, reader, turn)

    def _tell(self, entry: EntryType, reader: str, turn: Turn) -> None:
        self._suppression.record(turn, entry, reader, device=reader, code="keypad_silent")
