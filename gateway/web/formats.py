"""Dates and times as staff read them: in the site's zone, in the reader's language, never in UTC.

Instants are unix milliseconds, as in the database.
"""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal

from gateway.web.i18n import babel_locale

_ON = {"fr": "le", "en": "on", "pt": "de"}
_AT = {"fr": "à", "en": "at", "pt": "às"}
_TODAY = {"fr": "aujourd’hui", "en": "today", "pt": "hoje"}
_UNDER_A_DAY = {"fr": "moins d’un jour", "en": "less than a day", "pt": "menos de um dia"}


def local(instant: int, zone: ZoneInfo) -> datetime:
    """The wall clock of the place at an instant."""
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone)


def clock_time(instant: int, zone: ZoneInfo, language: str) -> str:
    """`14:02:07`: for what counts to the second."""
    return format_time(local(instant, zone), "HH:mm:ss", locale=babel_locale(language))


def moment(instant: int, zone: ZoneInfo, language: str, now: int) -> str:
    """`14:02:07` today, otherwise `14:02 on 20 Nov`, with the year when that is another one.

    The time comes first, so that it reads well after "at" and "since".
    """
    when, today = local(instant, zone), local(now, zone)
    if when.date() == today.date():
        return clock_time(instant, zone, language)
    pattern = f"HH:mm '{_ON[language]}' {_day_pattern(when, language)} MMM" + ("" if when.year == today.year else " y")
    return format_datetime(when, pattern, locale=babel_locale(language))


def day(value: date | int, zone: ZoneInfo, language: str) -> str:
    """`21 novembre 2026`, of a date or of the day an instant falls on at the place."""
    shown = local(value, zone).date() if isinstance(value, int) else value
    if language == "fr" and shown.day == 1:
        return format_date(shown, f"{_day_pattern(shown, language)} MMMM y", locale=babel_locale(language))
    return format_date(shown, "long", locale=babel_locale(language))


def when(instant: int, zone: ZoneInfo, language: str, now: int | None) -> str:
    """`today at 14:02`, otherwise `21 November 2026 at 14:02`: for what stands alone and needs no seconds.

    Without `now`, for paper, today has its date too.
    """
    at = local(instant, zone)
    is_today = now is not None and at.date() == local(now, zone).date()
    said = _TODAY[language] if is_today else day(instant, zone, language)
    return f"{said} {_AT[language]} {format_time(at, 'HH:mm', locale=babel_locale(language))}"


def _day_pattern(when: date, language: str) -> str:
    """French says "1er mars" and "2 mars"; Babel does not know."""
    return "d'er'" if language == "fr" and when.day == 1 else "d"


def duration(milliseconds: int, language: str) -> str:
    """`2 minutes`: how long, in the largest unit that says enough."""
    return format_timedelta(timedelta(milliseconds=milliseconds), threshold=1.5, locale=babel_locale(language))


def days_long(milliseconds: int, language: str) -> str:
    """`less than a day`, `1 day`, `6 weeks`, `14 months`: how long, in the largest unit that says enough."""
    days = milliseconds // 86_400_000
    if days < 1:
        return _UNDER_A_DAY[language]
    return format_timedelta(timedelta(days=days), granularity="day", threshold=1.5, locale=babel_locale(language))


def alphabetical(name: str) -> str:
    """What names are sorted by: Élias comes before Ewa."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign)).casefold()


def megabytes(count: int, language: str) -> str:
    """`78.7 GB`, `412 MB`: room on a disk."""
    number, unit = (count / 1000, "GB") if count >= 10_000 else (count, "MB")
    shown = format_decimal(number, "#,##0.#", locale=babel_locale(language))
    return f"{shown}\u00a0{unit.replace('B', 'o') if language == 'fr' else unit}"


def iso(instant: int) -> str:
    """An instant for the `datetime` attribute."""
    return datetime.fromtimestamp(instant / 1000, UTC).isoformat(timespec="milliseconds")
