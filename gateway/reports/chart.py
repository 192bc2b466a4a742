"""A section of a report as a bar chart: SVG made here, without a script, readable by a screen reader."""

from collections.abc import Sequence
from html import escape

from gateway.reports.report import Section, Value
from gateway.reports.table import labelled

_ROW, _BAR, _LEFT, _WIDTH, _TOP = 34, 20, 260, 720, 52
# The longest bar; its number stands to its right.
_LONGEST = _WIDTH - _LEFT - 70


def as_svg(section: Section, title: str, about: str, language: str) -> str:
    """Horizontal bars from nothing, in one scale, each with its number; `about` says whose figures they are."""
    rows = [(label, value) for label, value in labelled(section, language) if value is not None]
    height = _TOP + _ROW * max(1, len(rows)) + 12
    described = "; ".join(f"{label}: {_shown(value)}" for label, value in rows) or "-"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title" aria-describedby="what" lang="{language}" '
        'font-family="system-ui, sans-serif" font-size="14">',
        f'<title id="title">{escape(title)}</title><desc id="what">{escape(f"{about} {described}")}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="17" font-weight="600" fill="#1c2430">{escape(title)}</text>',
        f'<text x="12" y="41" font-size="12" fill="#4a5565">{escape(about)}</text>',
        *_bars(rows),
        "</svg>",
    ]
    return "\n".join(parts)


def _bars(rows: Sequence[tuple[str, Value]]) -> list[str]:
    most = max((value for _label, value in rows if value), default=0)
    found = []
    for number, (label, value) in enumerate(rows):
        length = round(_LONGEST * value / most, 1) if most and value and value > 0 else 0
        top = _TOP + _ROW * number
        line = top + 15
        found.append(
            f'<text x="{_LEFT - 10}" y="{line}" text-anchor="end" fill="#1c2430">{escape(_short(label))}</text>'
            f'<rect x="{_LEFT}" y="{top}" width="{length}" height="{_BAR}" rx="3" fill="#1f6f8b"/>'
            f'<text x="{_LEFT + length + 8}" y="{line}" fill="#1c2430">{_shown(value)}</text>'
        )
    return found


def _short(label: str) -> str:
    return label if len(label) <= 34 else f"{label[:33]}…"


def _shown(value: Value) -> str:
    return "-" if value is None else str(value)
