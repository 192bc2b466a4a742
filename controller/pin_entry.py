"""What is typed after a badge: its PIN, or, after a staff badge, the number of the one locker to open.

A PIN is only ever compared as a keyed hash, and forgotten. A keypad that is absent or dead asks nobody anything: then
the badge alone opens, and the entry says so.
"""

from collections.abc import Callable, Mapping

from controller.access import Denied, leased_grant, leased_grants
from controller.access_lists import AccessLists
from controller.bay import Bay
from controller.inputs import KeyPressed
from controller.keypads import Asked, Keypads, Missing, Typed
from controller.releases import Releases
from controller.request import Request
from controller.turn import Turn
from hw.ports import Signal
from wire.access_list import LEASED_KINDS, Grant
from wire.pin import is_pin

CHECKED, NO_KEYPAD = "checked", "no_keypad"
MakeKeypads = Callable[[Typed, Missing], Keypads]
Refuse = Callable[[str, Denied, Turn, str | None, bool], None]
Checked = Callable[[str, str, str, Turn], None]


class PinEntry:
    """Asks at the keypads of a bank, and judges what is typed.

    `refuse(reader, why, turn, digest, with a light)` and `checked(reader, digest, PIN's hash, turn)` go on from there.
    """

    def __init__(
        self,
        bays: Mapping[int, Bay],
        lists: AccessLists,
        releases: Releases,
        make_keypads: MakeKeypads,
        refuse: Refuse,
        checked: Checked,
    ) -> None:
        self._bays = bays
        self._lists = lists
        self._releases = releases
        self._refuse = refuse
        self._checked = checked
        self.keypads = make_keypads(self._typed, self._missing)

    def pressed(self, event: KeyPressed, turn: Turn) -> None:
        """One key of a reader's keypad."""
        self.keypads.pressed(event, turn)

    def settle(self, reader: str, digest: str, grant: Grant, turn: Turn) -> bool:
        """Whether this badge opens without its PIN, as no keypad works here; otherwise it is asked, or refused."""
        if not self.keypads.works(reader):
            if not self.keypads.any_works:
                return True
            self._refuse(reader, Denied("keypad", grant.id), turn, digest, True)
        elif self.keypads.is_slowed(digest, turn.now.mono_ms):
            self._refuse(reader, Denied("slowed", grant.id), turn, digest, True)
        else:
            self.keypads.ask(reader, digest, grant, "pin", turn)
        return False

    def ask_staff(self, reader: str, digest: str, turn: Turn) -> bool:
        """Ask a staff badge for the number of a locker, after its PIN if it has one; False where nobody can type."""
        index = self._lists.index
        grant = None if index is None else next(leased_grants(digest, index, turn.now), None)
        if grant is None or not self.keypads.works(reader):
            return False
        if grant.pin is not None:
            self.settle(reader, digest, grant, turn)
        else:
            self.keypads.ask(reader, digest, grant, "locker", turn)
        return True

    def _typed(self, asked: Asked, typed: str, turn: Turn) -> None:
        if asked.what == "locker":
            self._open_for_staff(asked, typed, turn)
            return
        key, expected = self._lists.key(asked.grant.key), asked.grant.pin
        if key is None or expected is None or not is_pin(key, asked.grant.digest, typed, expected):
            self.keypads.was_wrong(asked.digest, turn.now.mono_ms)
            self._refuse(asked.reader, Denied("pin", asked.grant.id), turn, asked.digest, True)
            return
        self.keypads.was_right(asked.digest)
        if asked.grant.kind in LEASED_KINDS:
            self.keypads.ask(asked.reader, asked.digest, asked.grant, "locker", turn)
        else:
            self._checked(asked.reader, asked.digest, expected, turn)

    def _open_for_staff(self, asked: Asked, typed: str, turn: Turn) -> None:
        """One locker, never more; what was typed is told only once it is a locker to be opened."""
        locker, index = int(typed), self._lists.index
        grant = None if index is None else leased_grant(asked.digest, locker, index, turn.now)
        if grant is None or locker not in self._bays:
            self._refuse(asked.reader, Denied("locker", asked.grant.id), turn, asked.digest, True)
        elif self._releases.is_under_way(locker):
            self._refuse(asked.reader, Denied("busy", grant.id), turn, asked.digest, True)
        else:
            request = Request(
                locker=locker,
                cause="badge",
                asked_ms=turn.now.mono_ms,
                reader=asked.reader,
                grant=grant.id,
                digest=asked.digest,
                kind=grant.kind,
                pin=CHECKED if asked.grant.pin is not None else None,
            )
            self._releases.ask(request, turn)
            turn.show(Signal.GRANTED, asked.reader)

    def _missing(self, asked: Asked, still_there: bool, turn: Turn) -> None:
        why = "pin_missing" if asked.what == "pin" else "staff_badge"
        self._refuse(asked.reader, Denied(why, asked.grant.id), turn, asked.digest, still_there)
