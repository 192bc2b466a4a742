"""`EncryptedText`: a column whose text is sealed in the database and plain in the program."""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Dialect, Engine, Text
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from gateway.errors import NotReadyError
from gateway.privacy.field_keys import FieldKeys

# Each engine has a dialect of its own, and that is all a column type is told of where it is used.
_KEYS: WeakKeyDictionary[Dialect, FieldKeys] = WeakKeyDictionary()
_ALLOWED = (operators.is_, operators.is_not)
# SQLAlchemy itself compares columns, to find one in a collection.
_EQUALITY = (operators.eq, operators.ne)


class EncryptedText(TypeDecorator[str]):
    """Text sealed with AES-256-GCM under the current field key, for `mapped_column(EncryptedText("table.column"))`.

    The place is sealed in, so that a value moved to another column does not open. The same text is sealed
    differently each time: the database cannot compare, sort or search it, and asking it to raises TypeError.
    Migrations give the column the type Text.
    """

    impl = Text
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[str]):
        """Only whether there is a value means something; a column among columns is still told apart."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """Raises TypeError for every comparison of content."""
            among_columns = op in _EQUALITY and isinstance(other[0], ColumnElement)
            if op not in _ALLOWED and not among_columns:
                raise TypeError(f"{self.expr} is sealed: the database cannot compare or sort it")
            return super().operate(op, *other, **kwargs)

    comparator_factory = Comparator

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Sealed on its way in."""
        return None if value is None else keys_for(dialect).seal(self.place, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Opened on its way out."""
        return None if value is None else keys_for(dialect).open(self.place, value)


def use_keys(engine: Engine, keys: FieldKeys) -> None:
    """The keys with which this engine seals and opens."""
    _KEYS[engine.dialect] = keys


def keys_of(session: Session) -> FieldKeys:
    """The keys of the session's database. Raises NotReadyError with code `keys`."""
    return keys_for(session.get_bind().dialect)


def keys_for(dialect: Dialect) -> FieldKeys:
    """The keys of the database behind a connection. Raises NotReadyError with code `keys`."""
    keys = _KEYS.get(dialect)
    if keys is None:
        raise NotReadyError("keys", "this database was opened without the keys of its sealed fields")
    return keys
