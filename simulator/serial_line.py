"""One serial cable of a bank: a pty, and the boards or the reader that are plugged to its other end."""

from collections.abc import Callable
from pathlib import Path

from simulator.devices import Listening, SerialBoard, SharedLine, Unlock
from simulator.pty_port import PtyPort

TURNAROUND_MS = 2.0  # between the last byte of a request and the first of the answer


class SerialLine:
    """Carries bytes both ways while there is power.

    `on_unlock` hears each coil that a byte energised, `on_heard()` that a reader was spoken to.
    """

    def __init__(
        self, path: Path, baud: int | None, on_unlock: Callable[[Unlock], None], on_heard: Callable[[], None]
    ) -> None:
        self.port = PtyPort(path, self._arrived, baud)
        self.powered = True
        self.reader: Listening | None = None
        self._turnaround_ms = 0.0 if baud is None else TURNAROUND_MS
        self._boards = SharedLine(())
        self._on_unlock = on_unlock
        self._on_heard = on_heard

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self.port.plugged

    async def plug(self) -> None:
        """Put the cable in."""
        self.port.plug()

    def unplug(self) -> None:
        """Pull the cable out, as one does with a USB adapter."""
        self.port.unplug()

    def add_board(self, board: SerialBoard) -> None:
        """Connect one more board."""
        self._boards.boards.append(board)

    def send(self, data: bytes) -> None:
        """A device speaks by itself."""
        if self.powered:
            self.port.send(data)

    def _arrived(self, byte: int, at_ms: float) -> None:
        if not self.powered:
            return
        answer, unlocks = self._boards.byte(byte, at_ms)
        for unlock in unlocks:
            self._on_unlock(unlock)
        if self.reader is not None:
            answer += self.reader.heard(byte, at_ms)
            self._on_heard()
        self.port.send(answer, self._turnaround_ms)
