"""Columns of numbers: what figures are calculated from. Texts, such as ids and codes, stand there as numbers too."""

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wire.hours import site_zone

Numbers = NDArray[np.int64]
Marks = NDArray[np.bool_]

# Stands for no instant, no day, no number: later than everything, so that "without an end" needs no case of its own.
ABSENT = int(np.iinfo(np.int64).max)
# Stands for no text.
NO_TEXT = -1
DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
# Offsets of a zone are known for these years and found by looking once a week: none ever changed for less.
_YEARS, _WEEK_MS = (1970, 2100), 7 * DAY_MS


class Texts(dict[str, int]):
    """Numbers texts as they are first met; `known` tells them back. Several threads may ask at once."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[str] = []
        self._lock = threading.Lock()

    def __missing__(self, text: str) -> int:
        with self._lock:
            if text not in self:
                self.known.append(text)
                self[text] = len(self.known) - 1
        return self[text]

    def __len__(self) -> int:
        return len(self.known)


def numbers(values: Iterable[int | None]) -> Numbers:
    """A column of numbers or instants."""
    return np.array([ABSENT if value is None else value for value in values], np.int64)


def days(values: Iterable[date | None]) -> Numbers:
    """A column of days since 1970."""
    return np.array([ABSENT if value is None else day_number(value) for value in values], np.int64)


def texts(values: Iterable[str | None], known: Texts) -> Numbers:
    """A column of texts."""
    return np.array([NO_TEXT if value is None else known[value] for value in values], np.int64)


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH


def marked(size: int, items: Numbers) -> Marks:
    """For each number below `size`, whether it is one of the items."""
    found = np.zeros(size, np.bool_)
    found[items] = True
    return found


def local_days(zone: str, instants: Numbers) -> Numbers:
    """The day it is in `zone` at each instant; ABSENT stays."""
    since, offsets = _offsets(zone)
    known = np.where(instants == ABSENT, 0, instants)
    local = known + offsets[np.searchsorted(since, known, "right") - 1]
    return np.where(instants == ABSENT, ABSENT, local // DAY_MS)


def whole_months(starts: Numbers, ends: Numbers) -> Numbers:
    """As period.whole_months, for columns of days."""
    (first_month, first_day), (last_month, last_day) = _calendar(starts), _calendar(ends)
    return last_month - first_month - (last_day < first_day)


def _calendar(column: Numbers) -> tuple[Numbers, Numbers]:
    """The months since 1970 and the days of the month."""
    as_days = column.astype("datetime64[D]")
    as_months = as_days.astype("datetime64[M]")
    return as_months.astype(np.int64), (as_days - as_months.astype("datetime64[D]")).astype(np.int64)


def pairs(keys: Numbers, among: Numbers) -> tuple[Numbers, Numbers]:
    """Rows of `keys` with rows of `among` that hold the same number: every such pair."""
    order = np.argsort(among, kind="stable")
    ordered = among[order]
    first, last = np.searchsorted(ordered, keys, "left"), np.searchsorted(ordered, keys, "right")
    counts = last - first
    rows = np.repeat(np.arange(len(keys)), counts)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, order[np.repeat(first, counts) + nth]


@lru_cache(maxsize=64)
def _offsets(zone: str) -> tuple[Numbers, Numbers]:
    """Since when, unix ms, which offset from UTC, ms; the first one since ever."""
    found = [(-ABSENT, _offset(zone, _instant(_YEARS[0])))]
    for before, after in pairwise(range(_instant(_YEARS[0]), _instant(_YEARS[1]), _WEEK_MS)):
        if _offset(zone, after) != found[-1][1]:
            found.append((_changed(zone, before, after), _offset(zone, after)))
    columns = np.array(found, np.int64)
    return columns[:, 0], columns[:, 1]


def _changed(zone: str, before: int, after: int) -> int:
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _offset(zone: str, instant: int) -> int:
    offset = datetime.fromtimestamp(instant / 1000, UTC).astimezone(site_zone(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def _instant(year: int) -> int:
    return day_number(date(year, 1, 1)) * DAY_MS
