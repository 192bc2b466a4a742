"""What one frame says, in words a technician with a bus monitor can use; each codec's `explain` answers these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One frame, or one stretch of bytes that is none.

    `kind`: `badge`, `key`, `open`, `status`, `refused`, `garbage`, ... `value`: what it carries (a number, a channel,
    the open channels), fit for JSON. `hex`: the bytes, or bits, that it is about. `detail`: more of the frame's fields
    (address, channel, ms, facility, ...), fit for JSON. `error`: why a receiver refuses it (checksum, length, parity);
    None for a sound frame. `forbidden`: why Casier never sends this sound frame.
    """

    kind: str
    value: object
    hex: str
    detail: Mapping[str, object] = field(default_factory=dict)
    error: str | None = None
    forbidden: str | None = None

    def as_dict(self) -> dict[str, object]:
        """One flat JSON object; `error` and `forbidden` only where there is one."""
        said = {"kind": self.kind, "value": self.value, "hex": self.hex, **self.detail}
        judged = {"error": self.error, "forbidden": self.forbidden}
        return said | {name: why for name, why in judged.items() if why is not None}


def spaced(data: bytes) -> str:
    """Bytes as people write them down: upper-case pairs with spaces, `8A 01 01 11 9B`."""
    return data.hex(" ").upper()


def refused(data: bytes, error: str) -> Said:
    """Bytes with the shape of a frame that are none: wrong checksum, cut short. They carry no value."""
    return Said("refused", None, spaced(data), error=error)


def garbage(data: bytes, error: str = "these bytes belong to no frame") -> Said:
    """Bytes outside every frame; they carry no value."""
    return Said("garbage", None, spaced(data), error=error)


Reading = tuple[int, Said]  # how many bytes, and what they say
Look = Callable[[bytes], Reading | None]
_LONGEST_FRAME = 2048  # bytes; longer than any of these protocols allows


def account(data: bytes, sound: Look, broken: Look) -> list[Said]:
    """Every byte of `data` accounted for, in order.

    `sound` and `broken` look at what begins with the first of the bytes they are given: a sound frame, or one with only
    the shape of it. What a sound frame claims is never taken for a broken one; the rest is garbage.
    """
    said: list[Said] = []
    done = at = 0
    while at < len(data):
        found = sound(data[at : at + _LONGEST_FRAME])
        if found is None:
            at += 1
            continue
        said += _outside(data[done:at], broken)
        at += found[0]
        done = at
        said.append(found[1])
    return said + _outside(data[done:], broken)


def _outside(data: bytes, broken: Look) -> list[Said]:
    said: list[Said] = []
    done = at = 0
    while at < len(data):
        found = broken(data[at : at + _LONGEST_FRAME])
        if found is None:
            at += 1
            continue
        if at > done:
            said.append(garbage(data[done:at]))
        at += found[0]
        done = at
        said.append(found[1])
    return [*said, garbage(data[done:])] if done < len(data) else said
