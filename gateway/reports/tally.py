"""Counting by code and rounding, the same way everywhere."""

from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from gateway.reports.report import Figure, Section


def counted(key: str, by: str, items: Iterable[str | tuple[str, ...]], code: int | None = None) -> Section:
    """How often each code occurs; `code` is its place where items are tuples."""
    counts = Counter(item if isinstance(item, str) else item[code or 0] for item in items)
    return Section(key, [Figure(key, counts[one], one) for one in sorted(counts)], by)


def rounded(value: float | None) -> float | None:
    """To one decimal, halves away from zero, as people round."""
    return None if value is None else float(Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP))
