"""What a judge found."""

from typing import NamedTuple


class Violation(NamedTuple):
    """At `at` (unix ms) an invariant did not hold; `text` says what was found."""

    at: int
    invariant: str
    text: str
