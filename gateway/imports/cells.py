"""Reads the cells of one row: each value is right, or its problem is noted and it counts as absent."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gateway.imports.records import Problem

EARLIEST = date(1990, 1, 1)
MAX_TEXT = 200
_YES = frozenset({"yes", "true", "1", "oui", "vrai", "sim", "x"})
_NO = frozenset({"no", "false", "0", "non", "faux", "não", "nao"})
_DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")


class Cells:
    """One row's cells; what cannot be read is added to `problems`."""

    def __init__(self, place: str, values: Mapping[str, Any], problems: list[Problem]) -> None:
        self.place = place
        self.values = values
        self._problems = problems

    def wrong(self, column: str, text: str) -> None:
        """Notes a problem."""
        self._problems.append(Problem(self.place, column, text))

    def text(self, column: str) -> str | None:
        """One line of text."""
        value = self.values.get(column)
        if value is None:
            return None
        text = (f"{value:g}" if isinstance(value, float) else str(value)).strip()
        if not 1 <= len(text) <= MAX_TEXT or not text.isprintable():
            self.wrong(column, f"a text has 1 to {MAX_TEXT} characters, on one line")
            return None
        return text

    def day(self, column: str) -> date | None:
        """A date: a date cell, 2018-10-15 or 15/10/2018."""
        value = self.values.get(column)
        if value is None:
            return None
        day = value.date() if isinstance(value, datetime) else value if isinstance(value, date) else _day(str(value))
        if day is None or day < EARLIEST:
            shown = str(value)[:40]
            self.wrong(column, f"{shown!r} is not a date since {EARLIEST.year}: write 2018-10-15 or 15/10/2018")
            return None
        return day

    def number(self, column: str, most: int) -> int | None:
        """A whole number from 1 to `most`."""
        value = self.values.get(column)
        if value is None:
            return None
        try:
            number = int(str(value)) if not isinstance(value, float) else int(value) if value.is_integer() else 0
        except ValueError:
            number = 0
        if isinstance(value, bool) or not 1 <= number <= most:
            self.wrong(column, f"{str(value)[:40]!r} is not a whole number from 1 to {most}")
            return None
        return number

    def flag(self, column: str) -> bool:
        """Yes or no; absent is no."""
        value = self.values.get(column)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).strip().lower()
        if word not in _YES | _NO:
            self.wrong(column, f"{word[:40]!r} is neither yes nor no")
        return word in _YES

    def code(self, column: str, known: type[StrEnum]) -> str | None:
        """One code."""
        value = self.values.get(column)
        return None if value is None else self._code(column, value, known)

    def codes(self, column: str, known: type[StrEnum]) -> tuple[str, ...]:
        """Several codes, each once."""
        value = self.values.get(column)
        items = value if isinstance(value, list) else [] if value is None else [value]
        read = [self._code(column, item, known) for item in items]
        found = [code for code in read if code is not None]
        for code in sorted({code for code in found if found.count(code) > 1}):
            self.wrong(column, f"{code!r} is there twice: take one out")
        return tuple(dict.fromkeys(found))

    def _code(self, column: str, value: Any, known: type[StrEnum]) -> str | None:
        text = str(value).strip()
        if text in set(known):
            return text
        self.wrong(
            column, f"unknown {text[:40]!r}; known: {', '.join(known)}; a mapping file can say which one is meant"
        )
        return None


def _day(text: str) -> date | None:
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
