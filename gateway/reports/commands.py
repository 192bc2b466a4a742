"""`casier-gateway report`: the figures of a site, an organisation or the network on the command line."""

import json
from datetime import date, datetime
from typing import Annotated

import typer

from gateway.terminal import Json, opened


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a site, an organisation, or 'network' for all of them")],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the last day; today if not given")
    ] = None,
    starts_on: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day; a year before if not given")
    ] = None,
    cohort: Annotated[
        str, typer.Option(help="served: everyone served in these days; started: those who came in them")
    ] = "served",
    full: Annotated[bool, typer.Option("--full", help="with --json: every figure")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="every figure, as a table for a spreadsheet")] = False,
    as_json: Json = False,
) -> None:
    """Print the figures of the days from --from to --as-of, for the people of the cohort."""
    from gateway.errors import InvalidError
    from gateway.reports.period import Cohort
    from gateway.reports.report import summary
    from gateway.reports.service import default_period, report_on
    from gateway.reports.table import as_csv, as_text

    if cohort not in set(Cohort):
        raise InvalidError("cohort", f"unknown cohort {cohort[:20]!r}; known: {', '.join(Cohort)}")
    with opened() as (database, now), database.reading() as session:
        first, last = default_period(session, name, _day(starts_on), _day(as_of), now())
        made = report_on(session, name, starts_on=first, as_of=last, cohort=Cohort(cohort))
    if as_json:
        typer.echo(json.dumps(made.as_dict() if full else summary(made), ensure_ascii=False, indent=1))
    else:
        typer.echo(as_csv(made, "en") if csv else as_text(made, "en"), nl=False)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
