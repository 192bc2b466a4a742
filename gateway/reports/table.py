"""A report as one table, in one language: the rows that text, CSV and XLSX are made of."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from gateway.reports.code_words import code_word
from gateway.reports.report import Report, Section, Value
from gateway.reports.scope import NETWORK
from gateway.reports.wording import COHORTS, DEFINITIONS, FIGURES, SECTIONS
from gateway.web.i18n import N_, translations

# Spreadsheets take a cell that begins with one of these for a formula, or for the way to one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NAMES = {NETWORK: N_("The network")}


@dataclass(frozen=True)
class Line:
    """One figure in words; `section` is the same for lines that belong together."""

    section: str
    label: str
    value: Value


def says(language: str, message: str) -> str:
    """A message in the language."""
    return translations(language).gettext(message)


def name_of(report: Report, language: str) -> str:
    """What the report is about, as on screen."""
    return says(language, _NAMES[report.name]) if report.name in _NAMES else report.name


def heading(report: Report, language: str, day: Callable[[date], str] = date.isoformat) -> list[tuple[str, str]]:
    """What every copy of the figures must carry: whose they are, of which days, of whom; `day` writes a date."""
    return [
        (says(language, N_("Report")), name_of(report, language)),
        (says(language, N_("First day")), day(report.period.starts_on)),
        (says(language, N_("Last day (the figures hold at its end)")), day(report.period.as_of)),
        (says(language, N_("Who is counted")), says(language, COHORTS[report.cohort])),
    ]


def lines(report: Report, language: str) -> Iterator[Line]:
    """Every figure, in the order of the report."""
    for section in report.sections:
        title = says(language, SECTIONS.get(section.key, section.key))
        for label, value in labelled(section, language):
            yield Line(title, label, value)
    title = says(language, N_("Months of care of each stay that ended"))
    for label, months in report.months.items():
        yield Line(title, label, months)


def labelled(section: Section, language: str) -> list[tuple[str, Value]]:
    """The section's figures with their labels."""
    return [
        (
            says(language, FIGURES[figure.key])
            if figure.of is None
            else code_word(section.by or "", figure.of, language),
            figure.value,
        )
        for figure in section.figures
    ]


def definitions(report: Report, language: str) -> list[tuple[str, str]]:
    """What the figures mean, section by section."""
    return [
        (says(language, SECTIONS[section.key]), says(language, DEFINITIONS[section.key]))
        for section in report.sections
        if section.key in DEFINITIONS
    ]


def definitions_by_key(report: Report, language: str) -> dict[str, str]:
    """What the figures mean, by the section's key."""
    keys = [section.key for section in report.sections]
    return {key: says(language, DEFINITIONS[key]) for key in keys if key in DEFINITIONS}


def as_text(report: Report, language: str) -> str:
    """For a terminal; sections without figures are left out."""
    parts = [f"{label}: {text}\n" for label, text in heading(report, language)]
    section = ""
    for line in lines(report, language):
        if line.section != section:
            section = line.section
            parts.append(f"\n{section}\n")
        parts.append(f"  {line.label}: {'-' if line.value is None else line.value}\n")
    return "".join(parts)


def as_csv(report: Report, language: str) -> str:
    """For French Excel: UTF-8 with its mark, semicolons, decimal commas; no cell can be taken for a formula."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for label, text in heading(report, language):
        writer.writerow([safe(label), safe(text)])
    writer.writerow([])
    writer.writerow([says(language, N_("Section")), says(language, N_("Figure")), says(language, N_("Value"))])
    for line in lines(report, language):
        writer.writerow([safe(line.section), safe(line.label), _number(line.value)])
    writer.writerow([])
    for title, text in definitions(report, language):
        writer.writerow([safe(title), safe(text)])
    return out.getvalue()


def safe(text: str) -> str:
    """Text that a spreadsheet shows and never runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: Value) -> str:
    return "" if value is None else str(value).replace(".", ",")
