"""Lists in pages: a bounded number of items, and the cursor that continues them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PAGE_SIZE = 100
MAX_PAGE_SIZE = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next` continues after the last item; None where there is nothing more."""

    items: Sequence[T]
    next: str | None


def bounded(limit: int) -> int:
    """A page size within 1 to MAX_PAGE_SIZE."""
    return max(1, min(limit, MAX_PAGE_SIZE))
