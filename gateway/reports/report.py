"""A report: sections of figures with the dates and the cohort they hold for. Page, table, sheet and chart read this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.reports.period import Cohort, Period

Value = int | float | None


@dataclass(frozen=True)
class Figure:
    """One number; `of` is the code it counts, in a section that counts by codes. None: nothing to calculate it from."""

    key: str
    value: Value
    of: str | None = None


@dataclass(frozen=True)
class Section:
    """Figures that belong together; `by` names what a section that counts by codes is counted by."""

    key: str
    figures: Sequence[Figure]
    by: str | None = None

    @property
    def values(self) -> dict[str, Value]:
        """The figures by code, or by key where the section does not count by codes."""
        return {figure.of or figure.key: figure.value for figure in self.figures}


@dataclass(frozen=True)
class Report:
    """What was asked and what came out; `months` are the whole months of each stay that ended, by pseudonym."""

    name: str
    period: Period
    cohort: Cohort
    sections: Sequence[Section]
    months: Mapping[str, int]

    def section(self, key: str) -> Section:
        """Raises KeyError if there is no section of that key."""
        return {section.key: section for section in self.sections}[key]

    def as_dict(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "name": self.name,
            "from": self.period.starts_on.isoformat(),
            "as_of": self.period.as_of.isoformat(),
            "zone": self.period.zone,
            "cohort": self.cohort.value,
            "months_of_care_of_the_ended": dict(self.months),
            "figures": {section.key: section.values for section in self.sections},
        }


def summary(report: Report) -> dict[str, object]:
    """The figures of a scheme's yearly report to its funders, in the order and with the keys of the first one."""
    people, duration = report.section("people").values, report.section("duration").values
    return {
        "as_of": report.period.as_of.isoformat(),
        "people_served": people["people_served"],
        "ended": people["stays_ended"],
        "months_of_care_of_the_ended": dict(report.months),
        "mean_months_of_care": duration["mean_months"],
        "people_by_support": report.section("people_by_support").values,
        "health_cover_on_entry": report.section("health_cover_on_entry").values,
        "working_on_entry": people["working_on_entry"],
        "identity_papers_on_entry": report.section("identity_papers_on_entry").values,
    }
