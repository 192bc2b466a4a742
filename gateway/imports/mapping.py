"""What a scheme's own file calls its columns and values, in the words used here: a small JSON file beside it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.errors import InvalidError
from gateway.imports.columns import KNOWN, LISTS, SYNONYMS
from gateway.imports.rows import Row

_BETWEEN = re.compile(r"\s*[,;|\n]\s*")


class WordMap(BaseModel):
    """`columns`: their name -> ours, "" to leave a column out; `values`: our column -> their value -> our code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}

    def applied(self, rows: Iterable[Row]) -> list[Row]:
        """The rows in our words, cells that hold several values divided; what is not mapped stays as it is."""
        return [Row(row.place, self._values(row.values)) for row in rows]

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        renamed = {self.columns.get(column, column): value for column, value in values.items()}
        renamed.pop("", None)
        return {column: self._value(column, value) for column, value in renamed.items()}

    def _value(self, column: str, value: Any) -> Any:
        if column in LISTS and isinstance(value, str):
            value = [item for item in _BETWEEN.split(value.strip()) if item]
        if isinstance(value, list):
            return [self._word(column, item) for item in value]
        return self._word(column, value)

    def _word(self, column: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        own = self.values.get(column, {}).get(value, value)
        return SYNONYMS.get(column, {}).get(own, own)


def read_mapping(path: Path) -> WordMap:
    """Raises InvalidError with code `mapping`."""
    try:
        found = WordMap.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidError("mapping", f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidError(
            "mapping",
            f"{path.name}{', ' + where if where else ''}: {first['msg']}; give "
            '{"columns": {"their name": "our name"}, "values": {"our column": {"their value": "our code"}}}',
        ) from error
    unknown = sorted({*found.columns.values(), *found.values} - {*KNOWN, ""})
    if unknown:
        raise InvalidError(
            "mapping", f"{path.name}: no column is called {unknown[0]!r} here; known: {', '.join(KNOWN)}"
        )
    return found
