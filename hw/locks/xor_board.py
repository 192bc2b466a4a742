"""The XOR lock board ("8A/80" boards), 2 to 50 channels, several on one RS-485 line."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hw.settings import PortPath, PulseMs

FIXED_PULSE_MS = 300  # what the board does when the frame names no time
PULSE_BYTE_MS = 1000  # the only whole second within the guard's 100 to 1000 ms


class XorBoardSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="xor_board"):
    """One board. Polarity (`open_bit`) and byte order follow the wiring: read them off the board at commissioning."""

    port: PortPath
    address: Annotated[int, msgspec.Meta(ge=1, le=32)]
    channels: Annotated[int, msgspec.Meta(ge=2, le=50)]
    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    pulse_ms: PulseMs | None = None
    pulse_byte: bool = False

    def __post_init__(self) -> None:
        if self.pulse_ms not in (None, self.board_pulse_ms):
            if self.pulse_byte:
                raise ValueError(f"pulse_ms: with pulse_byte the board counts whole seconds; allowed: {PULSE_BYTE_MS}")
            raise ValueError(f"pulse_ms: this board times its own pulse; allowed: {FIXED_PULSE_MS}, or leave it out")

    @property
    def board_pulse_ms(self) -> int:
        """How long this board energises a lock, in milliseconds."""
        return PULSE_BYTE_MS if self.pulse_byte else FIXED_PULSE_MS
