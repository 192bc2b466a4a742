"""The only way for bytes to a serial port with locks on it: the release guard judges what each frame would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hw.errors import ReleaseForbidden
from hw.frames.verdict import Energises, Forbidden, Verdict
from hw.ports import Coil, Permit
from hw.release_guard import ReleaseGuard


@dataclass(frozen=True, slots=True)
class BoardOnLine:
    """What the guard must know of the board at one address: its name, and how long it pulses by itself."""

    name: str
    own_pulse_ms: int


class GuardedLine:
    """Writes frames of one protocol to one port. It keeps nothing and repeats nothing."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        guard: ReleaseGuard,
        classify: Callable[[bytes], Verdict],
        boards: Mapping[int, BoardOnLine],
    ) -> None:
        self._write = write
        self._guard = guard
        self._classify = classify
        self._boards = dict(boards)

    def write(self, frame: bytes, permit: Permit | None = None) -> None:
        """Write one frame. One that energises spends its permit. Raises ReleaseForbidden and LineClosed."""
        verdict = self._classify(frame)
        if isinstance(verdict, Forbidden):
            raise ReleaseForbidden("forbidden_frame", f"{frame.hex(' ').upper()} is never sent: {verdict.why}")
        if isinstance(verdict, Energises):
            board = self._boards.get(verdict.address)
            if board is None:
                raise ReleaseForbidden("unknown_coil", f"no board of this bank has address {verdict.address}")
            pulse_ms = verdict.pulse_ms or board.own_pulse_ms
            self._guard.consume(permit, Coil(board.name, verdict.channel), pulse_ms)
        self._write(frame)
