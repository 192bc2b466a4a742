"""Lists in pages: a bounded number of items, and the cursor that continues them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.errors import InvalidError

T = TypeVar("T")

PAGE_SIZE = 100
MAX_PAGE_SIZE = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next` continues after the last item; None where there is nothing more."""

    items: Sequence[T]
    next: str | None


def page_of(
    session: Session,
    query: Select[T],
    key: InstrumentedAttribute[str],
    *,
    after: str | None,
    limit: int,
    newest_first: bool = False,
) -> Page[T]:
    """The query's rows in the order of `key` or the other way round, `limit` of them behind the cursor `after`."""
    size = bounded(limit)
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    found = list(session.scalars(query.order_by(key.desc() if newest_first else key).limit(size + 1)).unique())
    return Page(found[:size], str(getattr(found[size - 1], key.key)) if len(found) > size else None)


def in_pages(items: Sequence[T], key: Callable[[T], str], *, after: str | None, limit: int) -> Page[T]:
    """A page of a short list that is read whole, in its own order; `key` names an item in the cursor.

    Raises InvalidError with code `after`.
    """
    size, start = bounded(limit), 0
    if after is not None:
        start = next((place for place, item in enumerate(items, 1) if key(item) == after), -1)
        if start < 0:
            raise InvalidError("after", "that is not a cursor of this list: pass `next` of the page before")
    found = items[start : start + size]
    return Page(found, key(found[-1]) if len(items) > start + size else None)


def bounded(limit: int) -> int:
    """A page size within 1 to MAX_PAGE_SIZE."""
    return max(1, min(limit, MAX_PAGE_SIZE))
