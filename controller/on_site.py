"""What a technician orders standing at the bank, through the control socket: one locker opened, or the bank shown.

It goes the way of any command: an entry, the queue, the intent, the guard. Whose locker it is still counts.
"""

from collections.abc import Mapping

from controller.access_lists import AccessLists
from controller.bay import Bay
from controller.inputs import IdentifyOrdered, Moment, OpenOrdered
from controller.locker_lights import LockerLights
from controller.releases import Releases
from controller.request import Request
from controller.turn import Agenda, Turn
from hw.ports import Signal
from wire.entries import EntryType

ORIGIN = "on_site"
# A locker that someone holds opens here for its holder, or where waiting does harm. An inspection and mail need the
# gateway's record of a witness or of consent; the rest can wait for an empty locker.
HELD_REASONS = frozenset({"holder_present", "someone_inside", "emergency"})
REASONS = HELD_REASONS | {"maintenance", "commissioning", "inspection", "leave_mail"}
# The indicators' own pattern is over after this long, and is begun again.
_SHOWN_MS = 10_000


class OnSite:
    """Orders of the technician's tools."""

    def __init__(
        self, bays: Mapping[int, Bay], lists: AccessLists, releases: Releases, lights: LockerLights, agenda: Agenda
    ) -> None:
        self._bays = bays
        self._lists = lists
        self._releases = releases
        self._lights = lights
        self._agenda = agenda

    def open(self, event: OpenOrdered, turn: Turn) -> None:
        """Ask for one release, or say why not: `reason`, `locker`, `held` or `busy`."""
        why = self._why_not(event, turn.now)
        known = event.locker in self._bays
        turn.record(
            EntryType.COMMAND_REFUSED if why else EntryType.COMMAND_ACCEPTED,
            command=event.id,
            kind="open",
            locker=event.locker if known else None,
            requested_by=event.by,
            reason=event.reason,
            why=why,
            origin=ORIGIN,
        )
        if why is not None:
            turn.reply(event.id, "refused", event.locker if known else None, why)
            return
        turn.reply(event.id, "accepted", event.locker)
        request = Request(
            locker=event.locker,
            cause="command",
            asked_ms=turn.now.mono_ms,
            command=event.id,
            order="open",
            origin=ORIGIN,
            requested_by=event.by,
            reason=event.reason,
        )
        self._releases.ask(request, turn)

    def is_held(self, locker: int, reason: str | None, now: Moment) -> bool:
        """Whether someone's belongings stand against opening this locker for this reason."""
        index = self._lists.index
        return reason not in HELD_REASONS and index is not None and index.is_held(locker, now)

    def _why_not(self, event: OpenOrdered, now: Moment) -> str | None:
        if event.reason not in REASONS:
            return "reason"
        if event.locker not in self._bays:
            return "locker"
        if self.is_held(event.locker, event.reason, now):
            return "held"
        return "busy" if self._releases.is_under_way(event.locker) else None

    def identify(self, event: IdentifyOrdered, turn: Turn) -> None:
        """Blink the bank's light, or one locker's own, for so many seconds."""
        until_ms = turn.now.mono_ms + event.seconds * 1_000
        if event.locker is None:
            self._show(until_ms, turn)
        else:
            self._lights.blink(event.locker, until_ms, turn)

    def _show(self, until_ms: int, turn: Turn) -> None:
        if turn.now.mono_ms >= until_ms:
            turn.show(Signal.IDLE)
            return
        turn.show(Signal.IDENTIFY)
        self._agenda.at(min(until_ms, turn.now.mono_ms + _SHOWN_MS), lambda later: self._show(until_ms, later))
