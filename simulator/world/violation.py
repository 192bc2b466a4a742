"""What a world must never show, when it does."""

from typing import NamedTuple


class Violation(NamedTuple):
    """At `at` (unix ms, true time) an invariant did not hold; `text` says with whom and how."""

    at: int
    invariant: str
    text: str
