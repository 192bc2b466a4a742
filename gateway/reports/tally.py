"""Counting by code and rounding, the same way everywhere."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from gateway.reports.columns import NO_TEXT, Numbers, Texts, marked
from gateway.reports.report import Figure, Section

UNKNOWN = "unknown"


def counts(codes: Numbers, texts: Texts) -> dict[str, int]:
    """How often each code occurs, in alphabetical order; what was not said is unknown."""
    found = np.bincount(codes - NO_TEXT)
    totals: dict[str, int] = {}
    for place in np.flatnonzero(found):
        text = UNKNOWN if place == 0 else texts.known[place + NO_TEXT]
        totals[text] = totals.get(text, 0) + int(found[place])
    return dict(sorted(totals.items()))


def counted(key: str, by: str, codes: Numbers, texts: Texts) -> Section:
    """A section with how often each code occurs."""
    return section_of(key, by, counts(codes, texts))


def people_by(key: str, by: str, people: Numbers, kinds: Numbers, texts: Texts) -> Section:
    """A section with how many people each kind has, each person once."""
    of_kind = {kind: people[kinds == kind] for kind in np.flatnonzero(np.bincount(kinds)).tolist()}
    found = {texts.known[kind]: people_in(some, texts) for kind, some in of_kind.items()}
    return section_of(key, by, dict(sorted(found.items())))


def people_in(people: Numbers, texts: Texts) -> int:
    """How many people there are, each once."""
    return int(np.count_nonzero(marked(len(texts), people)))


def section_of(key: str, by: str, totals: Mapping[str, int]) -> Section:
    """A section that counts by codes."""
    return Section(key, [Figure(key, count, code) for code, count in totals.items()], by)


def mean(values: Numbers, unit: int = 1) -> float | None:
    """The mean in units of so many, to one decimal; None of nothing."""
    return rounded(int(values.sum()) / (len(values) * unit) if len(values) else None)


def median(values: Numbers) -> float | None:
    """The middle value, or what is halfway between the two, to one decimal; None of nothing."""
    if not len(values):
        return None
    ordered = np.sort(values)
    return rounded((int(ordered[(len(ordered) - 1) // 2]) + int(ordered[len(ordered) // 2])) / 2)


def rounded(value: float | None) -> float | None:
    """To one decimal, halves away from zero, as people round."""
    return None if value is None else float(Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP))
