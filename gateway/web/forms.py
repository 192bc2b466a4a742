"""One submitted form: its values, kept when something is wrong, and what is wrong beside each field."""

import re
from collections.abc import Collection, Mapping
from datetime import date

from gateway.web.i18n import N_

MAX_FIELD = 500
_TIME = re.compile(r"([01]?\d|2[0-4])[:hH]([0-5]\d)")
_DAY_MINUTES = 24 * 60
_FROM_ZERO = N_("Please give a whole number, 0 or more.")


class Form:
    """Values by field name; `errors` holds one English message per field, and under "" for the form as a whole.

    `unseen`: the fields whose problems the page shows nowhere, so that they are said above the form.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        # A line's end is sent as two characters, and counts as one where it is typed.
        self.values = {name: value.replace("\r\n", "\n")[:MAX_FIELD] for name, value in (values or {}).items()}
        self.errors: dict[str, str] = {}
        self.unseen: list[str] = []

    def get(self, name: str) -> str:
        """The value as it was typed; empty if it was not."""
        return self.values.get(name, "")

    def error(self, name: str, message: str) -> None:
        """Marks a field; its first problem stays."""
        self.errors.setdefault(name, message)

    @property
    def valid(self) -> bool:
        """Whether nothing was marked."""
        return not self.errors

    def text(self, name: str, required: bool = True) -> str:
        """The value without spaces around it; marked when it is needed and missing."""
        value = self.get(name).strip()
        if required and not value:
            self.error(name, N_("Please fill this in."))
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """One of `allowed`; anything else is marked."""
        value = self.get(name)
        if value not in allowed:
            self.error(name, N_("Please choose one."))
        return value

    def day(self, name: str, first_year: int = 2020) -> date:
        """A date from `first_year` to 2099; anything else is marked (and answered with 2020-01-01)."""
        try:
            value = date.fromisoformat(self.get(name).strip())
        except ValueError:
            value = date.min
        if not first_year <= value.year <= 2099:
            self.error(name, N_("Please give a date, for example 2026-11-21."))
            return date(2020, 1, 1)
        return value

    def number(self, name: str, most: int = 1_000, least: int = 1) -> int:
        """A whole number from `least` (0 or 1) to `most`; anything else is marked (and answered with `least`)."""
        text = self.get(name).strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
        if not least <= value <= most:
            self.error(name, N_("Please give a whole number, 1 or more.") if least else _FROM_ZERO)
            return least
        return value

    def minute(self, name: str) -> int:
        """A time of day as minutes after midnight, 24:00 too; anything else is marked (and answered with 0)."""
        found = _TIME.fullmatch(self.get(name).strip())
        value = int(found[1]) * 60 + int(found[2]) if found else _DAY_MINUTES + 1
        if value > _DAY_MINUTES:
            self.error(name, N_("Write a time like 18:00."))
            return 0
        return value

    def locker(self, name: str) -> tuple[str, int]:
        """A locker as `bank/number`; anything else is marked."""
        bank, _slash, number = self.get(name).partition("/")
        if not bank or not number.isascii() or not number.isdigit() or len(number) > 5:
            self.error(name, N_("Please choose a locker."))
            return "", 0
        return bank, int(number)
