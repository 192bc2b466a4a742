"""A badge in the bench's tray."""

import re

import msgspec

from wire.badge import canonical_number
from wire.errors import MessageError

LABEL = re.compile(r"[a-z0-9-]{1,40}")


class BadgePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The label names it everywhere, the number stays in the simulator."""

    label: str
    number: str
    note: str = ""
    technology: str = "em4100"

    def __post_init__(self) -> None:
        if not LABEL.fullmatch(self.label):
            raise ValueError(f"badge label {self.label!r}: use 1 to 40 of a-z, 0-9 and -")
        try:
            canonical = canonical_number(self.technology, self.number)
        except MessageError as error:
            raise ValueError(f"badge {self.label!r}: {error}") from error
        if canonical != f"{self.technology}:{self.number}":
            raise ValueError(f"the number of badge {self.label!r} is not written as {self.technology} is")
