"""Euros as people write them, and as they read them."""

import re

_EUROS = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?\s*€?")


def cents_of(text: str) -> int | None:
    """`3`, `3,50` or `3.5 €` in cents; None for anything else."""
    found = _EUROS.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def euros(cents: int, language: str) -> str:
    """`3.50 €`, in French and Portuguese with a comma."""
    sign, whole, rest = "-" if cents < 0 else "", *divmod(abs(cents), 100)
    return f"{sign}{whole}{'.' if language == 'en' else ','}{rest:02}\u00a0€"
