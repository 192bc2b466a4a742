"""A report as a file to take away: table, workbook or chart, named so that it is found again."""

import re
from http import HTTPStatus

from fastapi.responses import Response

from gateway.errors import NotFoundError
from gateway.reports.chart import as_svg
from gateway.reports.report import Report
from gateway.reports.table import as_csv, heading, says
from gateway.reports.wording import SECTIONS
from gateway.reports.workbook import as_xlsx

TABLE, WORKBOOK = "figures.csv", "figures.xlsx"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ELSE = re.compile(r"[^A-Za-z0-9-]+")


def file_answer(report: Report, file: str, language: str) -> Response:
    """`figures.csv`, `figures.xlsx` or `SECTION.svg`. Raises NotFoundError with code `file`."""
    if file == TABLE:
        return _download(as_csv(report, language).encode(), "text/csv; charset=utf-8", report, "csv")
    if file == WORKBOOK:
        return _download(as_xlsx(report, language), _XLSX, report, "xlsx")
    key, dot, ending = file.rpartition(".")
    section = next((one for one in report.sections if one.key == key), None)
    if not dot or ending != "svg" or section is None:
        raise NotFoundError("file", f"a report has {TABLE}, {WORKBOOK} and a chart SECTION.svg of each section")
    name, _first, _last, cohort = (text for _label, text in heading(report, language))
    about = f"{name}, {report.period.starts_on} – {report.period.as_of}. {cohort}"
    drawn = as_svg(section, says(language, SECTIONS.get(key, key)), about, language)
    return Response(drawn, HTTPStatus.OK, media_type="image/svg+xml")


def _download(content: bytes, media_type: str, report: Report, ending: str) -> Response:
    stem = _ELSE.sub("-", report.name).strip("-") or "report"
    name = f"{stem}-{report.period.starts_on}-{report.period.as_of}.{ending}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
