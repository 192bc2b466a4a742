"""Reports to take away: what a spreadsheet and a screen reader are given."""

import csv
import io
from datetime import date
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from gateway.reports.chart import as_svg
from gateway.reports.code_words import WORDS
from gateway.reports.figures import calculate
from gateway.reports.period import Cohort, Period, whole_months
from gateway.reports.report import Figure, Report, Section
from gateway.reports.table import as_csv, as_text, lines, safe, says
from gateway.reports.wording import DEFINITIONS, FIGURES, SECTIONS
from gateway.reports.workbook import as_xlsx
from tests.unit.gateway.reports.plain import Act, Agreement, Facts

PERIOD = Period(date(2020, 1, 1), date(2020, 12, 31))


def made(name: str = "Montreuil", code: str = "P07") -> Report:
    facts = Facts(
        agreements=[
            Agreement("a", date(2020, 1, 15), date(2020, 7, 14), ("work",), "holder", "own_housing", "lasting"),
            Agreement("b", date(2020, 2, 1), date(2020, 5, 1)),
        ],
        supports=[Act("a", "food", date(2020, 3, 1), 4), Act("b", "food", date(2020, 3, 2))],
        codes={"a": code},
    )
    return calculate(name, facts.columns(), PERIOD, Cohort.SERVED)


def cells(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff"), "without its mark Excel does not take it for UTF-8"
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


def test_a_table_says_whose_figures_of_which_days_and_of_whom() -> None:
    rows = cells(as_csv(made(), "fr"))
    assert rows[0] == ["Rapport", "Montreuil"]
    assert [row[1] for row in rows[1:3]] == ["2020-01-01", "2020-12-31"]
    assert rows[3][0] == "Qui est compté"
    assert ["Personnes par aide apportée", "Alimentation", "2"] in rows


def test_numbers_have_a_decimal_comma() -> None:
    assert ["Mois d’accompagnement", "Moyenne", "4,0"] in cells(as_csv(made(), "fr"))


@pytest.mark.parametrize(
    ("language", "left"), [("en", "had left the contract before"), ("fr", "quitté le contrat avant"),
                           ("pt", "deixado o contrato antes")],
)  # fmt: skip
def test_table_and_workbook_say_that_an_end_is_not_told_of_whoever_had_left_before(language: str, left: str) -> None:
    told = {row[0]: row[1] for row in cells(as_csv(made(), language)) if len(row) == 2}
    book = load_workbook(io.BytesIO(as_xlsx(made(), language)))
    written = {row[0].value: row[1].value for row in book.worksheets[1].iter_rows()}
    for key in ("ends_by_reason", "ends_by_decision", "ends_by_destination", "ends_by_stability"):
        title = says(language, SECTIONS[key])
        assert left in told[title]
        assert left in written[title]


@pytest.mark.parametrize("name", ['=HYPERLINK("http://example.org")', "+33 1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_name_becomes_a_formula(name: str) -> None:
    for row in cells(as_csv(made(name, name), "en")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert safe(name) == f"'{name}"
    book = load_workbook(io.BytesIO(as_xlsx(made(name, name.strip()), "en")))
    typed = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in typed


def test_a_workbook_holds_numbers_and_definitions() -> None:
    book = load_workbook(io.BytesIO(as_xlsx(made(), "fr")))
    figures, meaning = book["Chiffres"], book["Définitions"]
    rows = {tuple(cell.value for cell in row) for row in figures.iter_rows(max_col=3)}
    assert ("Personnes", "Personnes accompagnées", 2) in rows
    assert meaning.max_row == sum(1 for section in made().sections if section.key in DEFINITIONS)


def test_every_copy_has_the_same_figures() -> None:
    report = made()
    by_text = as_text(report, "en")
    for line in lines(report, "en"):
        shown = "-" if line.value is None else str(line.value)
        assert f"{line.label}: {shown}" in by_text


@pytest.mark.parametrize("language", ["fr", "en", "pt"])
def test_a_chart_is_read_by_a_screen_reader_and_scaled_from_nothing(language: str) -> None:
    section = Section("supports", [Figure("supports", 4, "food"), Figure("supports", 1, "<script>")], "support")
    root = ElementTree.fromstring(as_svg(section, "<Support>", "Montreuil & 2020", language))
    space = "{http://www.w3.org/2000/svg}"
    assert root.attrib["role"] == "img"
    assert "4" in (root.findtext(f"{space}desc") or "")
    assert root.findtext(f"{space}title") == "<Support>"
    widths = [float(bar.attrib["width"]) for bar in root.iter(f"{space}rect")][1:]
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)
    assert not list(root.iter(f"{space}script"))


def test_a_chart_of_nothing_is_still_a_chart() -> None:
    ElementTree.fromstring(as_svg(Section("supports", [], "support"), "Support", "", "en"))


def test_every_figure_and_section_has_its_words() -> None:
    report = made()
    assert {section.key for section in report.sections} <= set(SECTIONS)
    keys = {figure.key for section in report.sections for figure in section.figures if figure.of is None}
    assert keys == set(FIGURES) & keys
    assert {section.by for section in report.sections if section.by} <= set(WORDS)
    assert set(DEFINITIONS) <= set(SECTIONS)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2018, 10, 15), date(2019, 12, 15), 14),
        (date(2018, 10, 15), date(2019, 12, 14), 13),
        (date(2020, 1, 31), date(2020, 2, 29), 0),
        (date(2020, 1, 31), date(2020, 3, 31), 2),
        (date(2020, 5, 5), date(2020, 5, 5), 0),
    ],
)
def test_months_are_whole(start: date, end: date, months: int) -> None:
    assert whole_months(start, end) == months


def test_nobody_is_named_in_a_report() -> None:
    report = made()
    assert set(report.months) == {"P07", "2"}
    assert "b" not in {label for label in report.months}
