"""The page of reports: whose figures, of which days, of whom; with the files to take away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gateway.errors import GatewayError, InvalidError
from gateway.reports.answers import TABLE, WORKBOOK, file_answer
from gateway.reports.figures import LISTED_AT_MOST
from gateway.reports.period import Cohort
from gateway.reports.report import Report, Section, Value
from gateway.reports.scope import NETWORK, scope_of, scopes
from gateway.reports.service import asked_report
from gateway.reports.table import heading, labelled, name_of, says
from gateway.reports.wording import DEFINITIONS, SECTIONS
from gateway.web import refusals
from gateway.web.forms import Form
from gateway.web.i18n import N_
from gateway.web.visit import Member, MemberVisit

router = APIRouter()
_COHORT_NAMES = {Cohort.SERVED: N_("Everyone served"), Cohort.STARTED: N_("Only those who came then")}


@dataclass(frozen=True)
class SectionShown:
    """One section on the page; `chart` is its drawing where there is something to compare."""

    title: str
    rows: Sequence[tuple[str, Value]]
    meaning: str
    chart: str


@router.get("/reports")
def report_page(visit: MemberVisit) -> Response:
    """The form and, below it, the figures; the whole network's of the last year to begin with."""
    asked = visit.request.query_params
    form = Form({key: asked.get(key, "") for key in ("name", "from", "as_of", "cohort")})
    with visit.database.reading() as session:
        made = None
        try:
            made = _asked(visit, session, form)
        except GatewayError as error:
            refusals.tell(form, error)
        choices = [
            (one.reference, visit.say(N_("The network")) if one.name == NETWORK else one.name)
            for one in scopes(session, visit.organisation_id)
        ]
    return visit.page(
        "reports/report.html",
        area="reports",
        status=200 if made else 422,
        form=form,
        scopes=choices,
        cohorts=[(cohort.value, visit.say(_COHORT_NAMES[cohort])) for cohort in Cohort],
        title=name_of(made, visit.language) if made else "",
        heading=heading(made, visit.language, visit.day) if made else [],
        sections=[_shown(visit, section, form) for section in made.sections if section.figures] if made else [],
        months=list(made.months.items()) if made else [],
        unlisted=LISTED_AT_MOST if made and made.section("people").values["stays_ended"] else 0,
        table=_url(form, TABLE),
        workbook=_url(form, WORKBOOK),
    )


@router.get("/reports/{name}/{file}")
def report_file(visit: MemberVisit, name: str, file: str) -> Response:
    """A table, a workbook or a chart. Raises NotFoundError (`scope`, `file`), InvalidError (`date`, `period`)."""
    asked = visit.request.query_params
    form = Form({"name": name, **{key: asked.get(key, "") for key in ("from", "as_of", "cohort")}})
    with visit.database.reading() as session:
        return file_answer(_asked(visit, session, form), file, visit.language)


def _asked(visit: Member, session: Session, form: Form) -> Report:
    name = form.get("name") or NETWORK
    starts_on, as_of = _day(form, "from"), _day(form, "as_of")
    cohort = form.get("cohort") or Cohort.SERVED.value
    if cohort not in set(Cohort):
        raise InvalidError("cohort", f"unknown cohort {cohort[:20]!r}; known: {', '.join(Cohort)}")
    made = asked_report(
        session, name, starts_on=starts_on, as_of=as_of, cohort=Cohort(cohort),
        organisation_id=visit.organisation_id, now=visit.now,
        ledger=visit.ledger.now(session),
    )  # fmt: skip
    form.values |= {
        "name": scope_of(session, name).reference, "from": made.period.starts_on.isoformat(),
        "as_of": made.period.as_of.isoformat(), "cohort": cohort,
    }  # fmt: skip
    return made


def _day(form: Form, field: str) -> date | None:
    text = form.get(field).strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidError("report_day", f"{text[:20]!r} is not a day: write 2026-01-31") from error


def _url(form: Form, file: str) -> str:
    asked = urlencode({key: form.get(key) for key in ("from", "as_of", "cohort")})
    return f"/reports/{quote(form.get('name'), safe='')}/{file}?{asked}"


def _shown(visit: Member, section: Section, form: Form) -> SectionShown:
    rows = labelled(section, visit.language)
    return SectionShown(
        title=says(visit.language, SECTIONS.get(section.key, section.key)),
        rows=rows,
        meaning=says(visit.language, DEFINITIONS[section.key]) if section.key in DEFINITIONS else "",
        chart=_url(form, f"{section.key}.svg") if section.by and len(rows) > 1 else "",
    )
