"""Lists in pages: a bounded number of items, and the cursor that continues them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")

PAGE_SIZE = 100
MAX_PAGE_SIZE = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next` continues after the last item; None where there is nothing more."""

    items: Sequence[T]
    next: str | None


def page_of(
    session: Session, query: Select[T], key: InstrumentedAttribute[str], *, after: str | None, limit: int
) -> Page[T]:
    """The query's rows in the order of `key`, `limit` of them, those behind the cursor `after`."""
    size = bounded(limit)
    if after is not None:
        query = query.where(key > after)
    found = list(session.scalars(query.order_by(key).limit(size + 1)).unique())
    return Page(found[:size], str(getattr(found[size - 1], key.key)) if len(found) > size else None)


def bounded(limit: int) -> int:
    """A page size within 1 to MAX_PAGE_SIZE."""
    return max(1, min(limit, MAX_PAGE_SIZE))
