"""The coded reasons for what is done to a contract; the words for them are on screen."""

from gateway.errors import InvalidError

SUSPEND_REASONS = ("incident", "safety", "no_news", "absence", "works", "other")
END_REASONS = (
    "term_over", "own_solution", "agreed", "support_refused", "threats", "emptied", "prison", "moved_away",
    "death", "reassigned", "unknown", "other",
)  # fmt: skip


def checked(reason: str, known: tuple[str, ...]) -> str:
    """Raises InvalidError with code `reason` if it is not one of those known."""
    if reason not in known:
        raise InvalidError("reason", f"unknown reason {reason[:40]!r}; known: {', '.join(known)}")
    return reason
