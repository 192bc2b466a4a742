"""What of the writes that nobody has synced is found on a disk after its power was cut: all, nothing, or any part."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

SECTOR_BYTES = 512
_NOISE = b"\xa5"
# How much of the unsynced survives, on average: little, half, nearly all.
_SHARES = (0.1, 0.5, 0.9)

Piece = tuple[int, bytes]  # where, and what


class Survival(Protocol):
    """What survives one power cut."""

    @property
    def names(self) -> int:
        """Changes of names and sizes survive up to this operation (they are journaled, in order)."""

    def pieces(self, file: int, operation: int, offset: int, data: bytes) -> Iterator[Piece]:
        """What has reached the disk of one write to one file; asked in the order of the writes."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """Everything before operation `end`, and of that one `sectors` sectors; behind them `noise` or what was there."""

    end: int
    sectors: int = 0
    noise: bool = False

    @property
    def names(self) -> int:
        """See Survival."""
        return self.end - 1 if not self.sectors else self.end

    def pieces(self, _file: int, operation: int, offset: int, data: bytes) -> Iterator[Piece]:
        """See Survival."""
        if operation < self.end:
            yield offset, data
        elif operation == self.end:
            written = list(_in_sectors(offset, data))
            yield from written[: self.sectors]
            if self.noise:
                yield from ((at, _NOISE * len(piece)) for at, piece in written[self.sectors :])


def nothing() -> Survival:
    """Not one unsynced byte."""
    return Prefix(0)


def everything() -> Survival:
    """As if all had been synced."""
    return Prefix(1 << 62)


@dataclass(slots=True)
class Chosen:
    """Sectors by chance, each as it was at some moment; names and sizes up to operation `names`."""

    chance: Random = field(repr=False)
    names: int
    _share: float = 0.5
    _behind: set[tuple[int, int]] = field(default_factory=set, repr=False)

    @classmethod
    def by(cls, chance: Random, first: int, last: int) -> "Chosen":
        """A choice for a disk whose unsynced operations are numbered from `first` to `last`."""
        return cls(chance, chance.randint(first - 1, last), chance.choice(_SHARES))

    def pieces(self, file: int, _operation: int, offset: int, data: bytes) -> Iterator[Piece]:
        """See Survival. A sector that has missed one write gets none of the later ones."""
        for at, piece in _in_sectors(offset, data):
            sector = file, at // SECTOR_BYTES
            if sector in self._behind:
                continue
            if self.chance.random() < self._share:
                yield at, piece
            else:
                self._behind.add(sector)


def sectors(offset: int, data: bytes) -> int:
    """How many sectors a write touches."""
    return (offset + len(data) - 1) // SECTOR_BYTES - offset // SECTOR_BYTES + 1 if data else 0


def _in_sectors(offset: int, data: bytes) -> Iterator[Piece]:
    """A write in pieces that each lie in one sector; the rest of a sector is taken to stay (powersafe overwrite)."""
    start, end = offset, offset + len(data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield start, data[start - offset : stop - offset]
        start = stop
