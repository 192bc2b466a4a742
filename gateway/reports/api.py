"""Reports over HTTP: figures only, of what the caller may see."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from gateway.edge import PAGE, After, Caller, Db, Limit, Now, PageOut
from gateway.paging import in_pages
from gateway.problems import responses
from gateway.reports.answers import file_answer
from gateway.reports.ledger import KeptLedger
from gateway.reports.period import Cohort
from gateway.reports.schemas import ReportOut, ScopeOut
from gateway.reports.scope import scopes
from gateway.reports.service import asked_report
from gateway.reports.table import definitions_by_key

router = APIRouter(prefix="/reports", tags=["reports"])
Name = Annotated[str, Path(max_length=220, description="a site, an organisation (name or reference) or `network`")]
FirstDay = Annotated[date | None, Query(alias="from", description="the first day; a year before the last if absent")]
LastDay = Annotated[date | None, Query(description="the last day; today if absent")]
Whose = Annotated[Cohort, Query(description="whose figures")]


def _kept(request: Request) -> KeptLedger:
    kept: KeptLedger = request.app.state.ledger
    return kept


KeptIn = Annotated[KeptLedger, Depends(_kept)]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "image/svg+xml": {}}, "description": "the file"},
    **responses(404),
}


@router.get("", summary="What reports can be asked for")
def list_scopes(database: Db, caller: Caller, after: After = None, limit: Limit = PAGE) -> PageOut[ScopeOut]:
    """The network, and the organisations and sites whose figures the caller may see."""
    with database.reading() as session:
        found = scopes(session, caller.organisation_id)
    page = in_pages(found, lambda one: one.reference, after=after, limit=limit)
    return PageOut(items=[ScopeOut.model_validate(one) for one in page.items], next=page.next)


@router.get("/{name}", summary="A report", responses=responses(404))
def report(
    database: Db, kept: KeptIn, caller: Caller, now: Now, name: Name, first_day: FirstDay = None, as_of: LastDay = None,
    cohort: Whose = Cohort.SERVED,
) -> ReportOut:  # fmt: skip
    """Every figure with its dates, its cohort and its definition; nobody is named in it."""
    with database.reading() as session:
        made = asked_report(
            session, name, starts_on=first_day, as_of=as_of, cohort=cohort, organisation_id=caller.organisation_id,
            now=now, ledger=kept.now(session),
        )  # fmt: skip
    return ReportOut.model_validate({**made.as_dict(), "definitions": definitions_by_key(made, "en")})


@router.get("/{name}/{file}", summary="A report as a table, a workbook or a chart", responses=_FILES)
def report_file(
    database: Db, kept: KeptIn, caller: Caller, now: Now, name: Name,
    file: Annotated[str, Path(max_length=60, description="figures.csv, figures.xlsx or SECTION.svg")],
    first_day: FirstDay = None, as_of: LastDay = None, cohort: Whose = Cohort.SERVED,
) -> Response:  # fmt: skip
    """In the caller's language. Tables are for French Excel: semicolons, decimal commas, no formulas."""
    with database.reading() as session:
        made = asked_report(
            session, name, starts_on=first_day, as_of=as_of, cohort=cohort, organisation_id=caller.organisation_id,
            now=now, ledger=kept.now(session),
        )  # fmt: skip
    return file_answer(made, file, caller.language)
