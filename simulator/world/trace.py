"""What happened in a world, line by line, and its digest: two runs of one seed have the same."""

import hashlib
import traceback
from dataclasses import dataclass

_TOGETHER = 512


@dataclass(frozen=True, slots=True)
class Line:
    """At `at_ms` (unix), `who` did or met `what`."""

    at_ms: int
    who: str
    what: str
    facts: dict[str, int | str | None]

    def __str__(self) -> str:
        return _text(self.at_ms, self.who, self.what, self.facts)


class Trace:
    """Lines are digested as they come, and kept only if asked for (`keep`; then it `keeps` them)."""

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[Line] = []
        self.count = 0
        self.keeps = keep
        # Where defects were raised, for whoever mends them; it is not part of the trace, which names no machine.
        self.defects: list[str] = []
        self._hash = hashlib.sha256()
        self._fresh: list[str] = []

    def note(self, at_ms: int, who: str, what: str, **facts: int | str | None) -> None:
        """One thing that happened; facts in the order they are given."""
        self.count += 1
        if self.keeps:
            self.lines.append(Line(at_ms, who, what, facts))
        self._fresh.append(_text(at_ms, who, what, facts))
        if len(self._fresh) >= _TOGETHER:
            self._digest_fresh()

    def tell(self, at_ms: int, who: str, what: str, **facts: int | str | None) -> None:
        """One thing more for whoever reads the lines; the digest is the same without it."""
        if self.keeps:
            self.lines.append(Line(at_ms, who, what, facts))

    def defect(self, error: BaseException) -> None:
        """Something was raised that nothing expects."""
        self.defects.append("".join(traceback.format_exception(error)))

    def digest(self) -> str:
        """SHA-256 of all lines so far, in hex."""
        self._digest_fresh()
        return self._hash.hexdigest()

    def _digest_fresh(self) -> None:
        if self._fresh:
            self._hash.update(("\n".join(self._fresh) + "\n").encode())
            self._fresh.clear()


def _text(at_ms: int, who: str, what: str, facts: dict[str, int | str | None]) -> str:
    text = f"{at_ms} {who} {what}"
    for name, value in facts.items():
        text += f" {name}={value}"
    return text
