"""What the doctor finds: one line for each thing it looked at, and what to do where it is not well."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at (`reader entrance`), `of` which kind (`reader`), how it is, and the mend (empty: none)."""

    of: str
    what: str
    level: Level
    text: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {"of": self.of, "what": self.what, "level": self.level, "text": self.text, "mend": self.mend}


def well(of: str, what: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(of, what, "pass", text)


def doubtful(of: str, what: str, text: str, mend: str) -> Finding:
    """It works, or may; someone should look at it."""
    return Finding(of, what, "warn", text, mend)


def broken(of: str, what: str, text: str, mend: str) -> Finding:
    """It does not work, or will not for long."""
    return Finding(of, what, "fail", text, mend)
