"""Reads a file into rows of plain values, each with the place where a person finds it again."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, InvalidError

MAX_BYTES = 50_000_000
LAST_ROW = 1_048_576  # of any sheet; a number above it is none, and is not counted up to
# The figures of a published report may stand in the same file: they are calculated again, never taken over.
_ABOUT = frozenset({"note", "published", "derived", "not_reproducible"})
_DELIMITERS = ";,\t"


@dataclass(frozen=True)
class Row:
    """One row: `place` is `row 7`, `Feuil1 row 7` or `contracts[6]`; empty cells are not in `values`."""

    place: str
    values: Mapping[str, Any]


def read_rows(path: Path) -> Sequence[Row]:
    """The rows of a JSON, CSV or XLSX file. Raises InvalidError with code `file`, saying what to do."""
    readers = {".json": _json, ".csv": _csv, ".xlsx": _xlsx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidError("file", f"{path.name}: give a file whose name ends with .json, .csv or .xlsx")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidError("file", f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB: divide it")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidError("file", f"{path} cannot be read: {error.strerror}") from error
    rows = list(reader(path.name, content))
    if not rows:
        raise InvalidError("file", f"{path.name} holds no rows")
    return rows


def _json(name: str, content: bytes) -> Iterator[Row]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidError("file", f"{name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidError("file", f"{name}: give an object with the lists 'lockers' and 'contracts'")
    for key, items in document.items():
        if key in _ABOUT:
            continue
        if not isinstance(items, list):
            raise InvalidError("file", f"{name}: {key!r} is not a list of rows; known lists: lockers, contracts")
        for number, item in enumerate(items):
            values = _flat(item) if isinstance(item, dict) else {key: item}
            yield Row(f"{key}[{number}]", {field: value for field, value in values.items() if value is not None})


def _flat(item: Mapping[str, Any], stem: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in item.items():
        values |= _flat(value, f"{stem}{key}.") if isinstance(value, dict) else {f"{stem}{key}": value}
    return values


def _csv(name: str, content: bytes) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel in Western Europe writes for "CSV" without further words.
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    table = ((f"row {reader.line_num}", cells) for cells in reader)
    try:
        yield from _table(name, table)
    except csv.Error as error:
        raise InvalidError("file", f"{name}, row {reader.line_num}: {error}") from error


def _xlsx(name: str, content: bytes) -> Iterator[Row]:
    from openpyxl import load_workbook

    try:
        with closing(load_workbook(io.BytesIO(content), read_only=True, data_only=True)) as book:
            for sheet in book.worksheets:
                stem = f"{sheet.title} row"
                sheet.reset_dimensions()  # some programs write them too small
                lines = enumerate(sheet.iter_rows(max_row=LAST_ROW, values_only=True), 1)
                yield from _table(name, ((f"{stem} {number}", cells) for number, cells in lines))
    except GatewayError:
        raise
    except Exception as error:  # an archive of XML, read as the rows are: damaged, it fails in a dozen ways
        raise InvalidError("file", f"{name} is not a workbook that can be read: save it again as .xlsx") from error


def _table(name: str, lines: Iterator[tuple[str, Sequence[Any]]]) -> Iterator[Row]:
    """A header, then rows; lines with nothing in them are passed over."""
    header: list[str] | None = None
    for place, cells in lines:
        filled = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        if all(cell is None or cell == "" for cell in filled):
            continue
        if header is None:
            header = _header(name, filled)
            continue
        if any(cell not in (None, "") for cell in filled[len(header) :]):
            raise InvalidError("file", f"{name}, {place}: more cells than the header has columns")
        pairs = zip(header, filled, strict=False)
        yield Row(place, {column: cell for column, cell in pairs if column and cell is not None and cell != ""})


def _header(name: str, cells: Sequence[Any]) -> list[str]:
    header = ["" if cell is None else str(cell) for cell in cells]
    twice = {column for column in header if column and header.count(column) > 1}
    if twice:
        raise InvalidError("file", f"{name}: two columns are called {sorted(twice)[0]!r}: rename one")
    return header
