"""The last word on energising a lock: nothing passes without a fresh, unused permit, within hard limits.

It sits below the drivers: `permit` is asked for by whoever decides on a release, `consume` by the port or pin, just
before the frame or level goes out. The limits are judged at both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from hw.errors import ReleaseForbidden
from hw.ports import Coil, MonoMs, Permit
from hw.settings import PULSE_MAX_MS, PULSE_MIN_MS

PERMIT_AGE_MS = 200  # a release that waited longer was decided on facts that may no longer hold
HARD_CAP_MS = 3000  # no coil is on for longer, whatever asked for it
DUTY_WINDOW_MS = 60_000
# A frame takes 5 ms on the line at 9600 baud and a board some to act: a coil counts as on until then.
ACTING_MS = 20


class GuardLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits that a site may make stricter, never wider."""

    rest_ms: Annotated[int, Meta(ge=2000, le=60_000)] = 2000
    duty_percent: Annotated[int, Meta(ge=1, le=10)] = 10
    stagger_ms: Annotated[int, Meta(ge=150, le=10_000)] = 150


class _Pulse(NamedTuple):
    start_ms: int
    end_ms: int


class ReleaseGuard:
    """Issues and consumes permits. `groups` names the power group of every coil; one that is not in it never moves."""

    def __init__(self, limits: GuardLimits, groups: Mapping[Coil, str], mono_ms: MonoMs) -> None:
        self._limits = limits
        self._groups = dict(groups)
        self._mono_ms = mono_ms
        self._pulses: dict[Coil, deque[_Pulse]] = {coil: deque() for coil in groups}
        self._group_end_ms: dict[str, int] = {}
        self._live: dict[str, Permit] = {}  # at most one for each power group
        self._issued = 0

    def permit(self, coil: Coil, pulse_ms: int) -> Permit:
        """Leave to energise `coil` once for `pulse_ms`. Raises ReleaseForbidden, with the time to wait if it helps."""
        now = self._mono_ms()
        self._judge(coil, pulse_ms, now)
        group = self._groups[coil]
        waiting = self._live.get(group)
        if waiting is not None and now - waiting.issued_ms <= PERMIT_AGE_MS:
            raise ReleaseForbidden(
                "group_busy",
                f"{_name(waiting.coil)} is about to move in power group {group}; ask again later",
                PERMIT_AGE_MS - (now - waiting.issued_ms) + 1,
            )
        self._issued += 1
        permit = Permit(self._issued, coil, pulse_ms, now)
        self._live[group] = permit
        return permit

    def consume(self, permit: Permit | None, coil: Coil, pulse_ms: int) -> None:
        """Spend the permit: the caller energises `coil` now. Raises ReleaseForbidden, and then nothing may go out."""
        now = self._mono_ms()
        if permit is None:
            raise ReleaseForbidden("permit_missing", f"no permit to energise {_name(coil)}")
        group = self._groups.get(permit.coil, "")
        if self._live.get(group) is not permit:
            raise ReleaseForbidden(
                "permit_spent", f"this permit for {_name(permit.coil)} was used or is not the guard's"
            )
        del self._live[group]
        if (permit.coil, permit.pulse_ms) != (coil, pulse_ms):
            raise ReleaseForbidden(
                "permit_mismatch",
                f"the permit is for {_name(permit.coil)} {permit.pulse_ms} ms, not {_name(coil)} {pulse_ms} ms",
            )
        if not 0 <= now - permit.issued_ms <= PERMIT_AGE_MS:
            raise ReleaseForbidden("permit_late", f"the permit for {_name(coil)} is older than {PERMIT_AGE_MS} ms")
        self._judge(coil, pulse_ms, now)
        self.charge(coil, now, pulse_ms)

    def withdraw(self, permit: Permit) -> None:
        """Take back a permit that will not be used, so that its power group need not wait for it."""
        group = self._groups.get(permit.coil, "")
        if self._live.get(group) is permit:
            del self._live[group]

    def charge(self, coil: Coil, at_ms: int, pulse_ms: int) -> None:
        """Count a pulse begun at `at_ms`, in the past at start: the journal's last minute is preloaded with this.

        A coil that is no longer configured is passed over.
        """
        if coil not in self._groups:
            return
        end_ms = at_ms + min(max(pulse_ms, 0), HARD_CAP_MS) + ACTING_MS
        self._pulses[coil].append(_Pulse(at_ms, end_ms))
        group = self._groups[coil]
        self._group_end_ms[group] = max(end_ms, self._group_end_ms.get(group, end_ms))

    def _judge(self, coil: Coil, pulse_ms: int, now: int) -> None:
        if coil not in self._groups:
            raise ReleaseForbidden("unknown_coil", f"{_name(coil)} is no locker's coil in this bank's configuration")
        if not PULSE_MIN_MS <= pulse_ms <= PULSE_MAX_MS:
            raise ReleaseForbidden(
                "pulse_length", f"a pulse of {pulse_ms} ms is refused; allowed: {PULSE_MIN_MS} to {PULSE_MAX_MS}"
            )
        pulses = self._pulses[coil]
        while pulses and pulses[0].end_ms <= now - DUTY_WINDOW_MS:
            pulses.popleft()
        group = self._groups[coil]
        rested_at = max(pulse.end_ms for pulse in pulses) + self._limits.rest_ms if pulses else now
        free_at = self._group_end_ms[group] + self._limits.stagger_ms if group in self._group_end_ms else now
        wait_ms, reason, why = max(
            (self._duty_wait_ms(pulses, pulse_ms, now), "duty", "was on too much within a minute"),
            (rested_at - now, "rest", "has to rest"),
            (free_at - now, "group_busy", f"waits for another coil of power group {group}"),
        )
        if wait_ms > 0:
            raise ReleaseForbidden(reason, f"{_name(coil)} {why}", wait_ms)

    def _duty_wait_ms(self, pulses: Iterable[_Pulse], pulse_ms: int, now: int) -> int:
        """How long until this pulse and those of the minute before its end stay within the duty."""
        over_ms = pulse_ms + ACTING_MS - DUTY_WINDOW_MS * self._limits.duty_percent // 100
        if over_ms > 0:
            raise ReleaseForbidden("duty", f"a pulse of {pulse_ms} ms alone is more than the duty of this bank allows")
        over_ms += sum(end - start for start, end in pulses)
        for start, end in pulses:
            if over_ms <= 0:
                return 0
            over_ms -= end - start
            if over_ms <= 0:
                return end + DUTY_WINDOW_MS - now
        return 0


def _name(coil: Coil) -> str:
    return f"board {coil.board} channel {coil.channel}"
