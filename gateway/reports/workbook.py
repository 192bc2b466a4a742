"""A report as an XLSX workbook: the figures on one sheet, what they mean on another."""

import io

from gateway.reports.report import Report
from gateway.reports.table import definitions, heading, lines, says
from gateway.web.i18n import N_


def as_xlsx(report: Report, language: str) -> bytes:
    """Numbers as numbers, texts as texts: nothing in it is a formula or a link."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    # Text stays text: without this a name that begins with "=" would become a formula.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(says(language, N_("Figures")))
        sheet.set_column(0, 1, 42)
        row = 0
        for label, text in heading(report, language):
            sheet.write_string(row, 0, label, bold)
            sheet.write_string(row, 1, text)
            row += 1
        row += 1
        for column, title in enumerate((N_("Section"), N_("Figure"), N_("Value"))):
            sheet.write_string(row, column, says(language, title), bold)
        for line in lines(report, language):
            row += 1
            sheet.write_string(row, 0, line.section)
            sheet.write_string(row, 1, line.label)
            if line.value is not None:
                sheet.write_number(row, 2, line.value)
        meaning = book.add_worksheet(says(language, N_("Definitions")))
        meaning.set_column(0, 0, 42)
        meaning.set_column(1, 1, 90)
        for row, (title, text) in enumerate(definitions(report, language)):
            meaning.write_string(row, 0, title, bold)
            meaning.write_string(row, 1, text, wrapped)
    return out.getvalue()
