"""PostgreSQL's refusals without what was refused: its details repeat whole rows, and errors go into logs.

Apart from db.py because the driver is there only where PostgreSQL is used.
"""

from collections.abc import Callable
from typing import Any, Self

from psycopg import Cursor, DataError, Error
from psycopg.rows import TupleRow


class QuietCursor(Cursor[TupleRow]):
    """psycopg's own, but its errors name the table, the column or the constraint, and no values."""

    def execute(self, *args: Any, **named: Any) -> Self:
        """See Cursor."""
        _quietly(super().execute, args, named)
        return self

    def executemany(self, *args: Any, **named: Any) -> None:
        """See Cursor."""
        _quietly(super().executemany, args, named)


def _quietly(ask: Callable[..., object], args: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        ask(*args, **named)
    except DataError as error:  # even its first line may hold the value
        if error.sqlstate:
            error.args = (f"{type(error).__name__}, SQLSTATE {error.sqlstate}",)
        raise
    except Error as error:
        if error.diag.message_primary:
            error.args = (error.diag.message_primary,)
        raise
