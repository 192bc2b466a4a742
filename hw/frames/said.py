"""What one frame says, in words a technician with a bus monitor can use; each codec's `explain` answers these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One frame, or one stretch of bytes that is none.

    `kind`: `badge`, `key`, `open`, `status`, `garbage`, ... `value`: what it carries (a number, a channel, the open
    channels), fit for JSON. `hex`: the bytes, or bits, that it is about. `detail`: more of the frame's fields (address,
    channel, ms, facility, ...), fit for JSON. `error`: why a frame is refused; None for a good one.
    """

    kind: str
    value: object
    hex: str
    detail: Mapping[str, object] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, object]:
        """One flat JSON object; `error` only where there is one."""
        said = {"kind": self.kind, "value": self.value, "hex": self.hex, **self.detail}
        return said if self.error is None else {**said, "error": self.error}


def spaced(data: bytes) -> str:
    """Bytes as people write them down: upper-case pairs with spaces, `8A 01 01 11 9B`."""
    return data.hex(" ").upper()


def garbage(data: bytes, error: str = "these bytes belong to no frame") -> Said:
    """Bytes outside every frame; they carry no value."""
    return Said("garbage", None, spaced(data), error=error)
