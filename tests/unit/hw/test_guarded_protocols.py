"""Below every serial driver: forbidden frames cannot leave, and an energising one leaves once, with its own permit."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hw.errors import ReleaseForbidden
from hw.frames import kerong_cu, modbus_rtu, xor_board
from hw.frames.verdict import Verdict
from hw.guarded_line import BoardOnLine, GuardedLine
from hw.ports import Coil
from hw.release_guard import GuardLimits, ReleaseGuard

PULSE_MS = 300


@dataclass(frozen=True)
class Line:
    """A protocol: its judge, the open frames of channels 1 and 2 of board 1, a question, and what must never leave."""

    classify: Callable[[bytes], Verdict]
    opens: tuple[bytes, bytes]
    question: bytes
    forbidden: tuple[bytes, ...]


LINES = {
    "xor_board": Line(
        xor_board.classify,
        (xor_board.open_channel(1, 1), xor_board.open_channel(1, 2)),
        xor_board.query_all(1),
        (
            xor_board.sealed(0x8A, 1, 0, 0x11),  # all
            xor_board.sealed(0x90, 1, 1, 0, 0),  # several
            xor_board.sealed(0x9A, 1, 1, 0x11),  # hold
        ),
    ),
    "kerong_cu": Line(
        kerong_cu.classify,
        (kerong_cu.open_channel(1, 1), kerong_cu.open_channel(1, 2)),
        kerong_cu.query_all(1),
        (
            kerong_cu.sealed(2, 0x10, 0x33, 3),  # all
            kerong_cu.sealed(2, 0xF0, 0x31, 3),  # every board
            kerong_cu.sealed(2, 0x10, 0x37, 0, 100, 3),  # the board's pulse
            kerong_cu.sealed(2, 0x10, 0x39, 1, 3),  # its delay
        ),
    ),
    "kerong_cu_48": Line(
        kerong_cu.classify_48,
        (kerong_cu.open_channel_48(1, 1), kerong_cu.open_channel_48(1, 2)),
        kerong_cu.query_all_48(1),
        (kerong_cu.sealed(2, 1, 0xFF, 0x61, 3), kerong_cu.sealed(2, 1, 0, 0x62, 3)),
    ),
    "modbus_relay": Line(
        modbus_rtu.classify,
        (modbus_rtu.pulse_coil(1, 1, PULSE_MS), modbus_rtu.pulse_coil(1, 2, PULSE_MS)),
        modbus_rtu.read_inputs(1, 8),
        (
            modbus_rtu.sealed(1, 5, 2, 0xFF, 0, 3),  # all
            modbus_rtu.sealed(1, 5, 0, 0, 0xFF, 0),  # hold
            modbus_rtu.sealed(1, 5, 4, 0, 0, 3),  # off for a time, then on
            modbus_rtu.sealed(1, 15, 0, 0, 0, 8, 1, 1),  # several
            modbus_rtu.sealed(1, 6, 0x20, 0, 0, 1),  # the board's settings
        ),
    ),
}


class Bench:
    """A guarded line that writes into a list, and the guard that issues permits for it."""

    def __init__(self, line: Line) -> None:
        self.sent: list[bytes] = []
        coils = {Coil("a", 1): "one", Coil("a", 2): "two"}
        self.guard = ReleaseGuard(GuardLimits(), coils, lambda: 1_000_000)
        self.line = GuardedLine(self.sent.append, self.guard, line.classify, {1: BoardOnLine("a", PULSE_MS)})

    def refusal(self, frame: bytes, channel: int | None = 1, pulse_ms: int = PULSE_MS) -> str:
        permit = None if channel is None else self.guard.permit(Coil("a", channel), pulse_ms)
        with pytest.raises(ReleaseForbidden) as caught:
            self.line.write(frame, permit)
        assert self.sent == []
        return caught.value.reason


every_line = pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        pytest.param(line, frame, id=f"{name} {frame.hex()}")
        for name, line in LINES.items()
        for frame in (*line.forbidden, line.opens[0] * 2, line.question + line.opens[0], line.opens[0][:-1])
    ],
)
def test_a_forbidden_frame_cannot_leave_even_with_a_good_permit(line: Line, frame: bytes) -> None:
    assert Bench(line).refusal(frame) == "forbidden_frame"


@every_line
def test_questions_leave_without_a_permit_and_openings_do_not(line: Line) -> None:
    bench = Bench(line)
    assert bench.refusal(line.opens[0], channel=None) == "permit_missing"
    bench.line.write(line.question)
    assert bench.sent == [line.question]


@every_line
def test_an_opening_leaves_only_with_the_permit_for_its_own_coil_and_pulse(line: Line) -> None:
    assert Bench(line).refusal(line.opens[0], channel=2) == "permit_mismatch"
    assert Bench(line).refusal(line.opens[0], pulse_ms=PULSE_MS * 2) == "permit_mismatch"


@every_line
def test_an_opening_leaves_once(line: Line) -> None:
    bench = Bench(line)
    permit = bench.guard.permit(Coil("a", 1), PULSE_MS)
    bench.line.write(line.opens[0], permit)
    with pytest.raises(ReleaseForbidden):
        bench.line.write(line.opens[0], permit)
    with pytest.raises(ReleaseForbidden):
        bench.line.write(line.opens[1], permit)
    assert bench.sent == [line.opens[0]]
