"""Which columns say when something was, is or will be, and the instants they stand for."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date
from sqlalchemy.sql.elements import KeyedColumnElement

from gateway.privacy.terms import DAY_MS


def is_instant(column: KeyedColumnElement[Any]) -> bool:
    """Whether the column holds instants in unix ms."""
    return isinstance(column.type, BigInteger) and (column.name == "at" or column.name.endswith(("_at", "since")))


def is_time(column: KeyedColumnElement[Any]) -> bool:
    """Whether the column holds instants or days."""
    return isinstance(column.type, Date) or is_instant(column)


def instant_of(value: int | date) -> int:
    """In unix ms; of a day its end, wherever it is: a file is rather kept a day longer."""
    if isinstance(value, int):
        return value
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000) + 2 * DAY_MS
