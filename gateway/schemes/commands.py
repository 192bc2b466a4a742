"""`casier-gateway scheme`: list, make from a template or a file of terms, and copy between organisations."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.terminal import ACTOR, Json, opened, read_secret

app = typer.Typer(no_args_is_help=True, help="Kinds of service and their terms.")
Organisation = Annotated[str, typer.Argument(help="the organisation's name")]


@app.command("list")
def list_schemes(as_json: Json = False) -> None:
    """Every scheme with its organisation."""
    from sqlalchemy import select

    from gateway.lockers.models import Organisation as Body
    from gateway.schemes.models import Scheme

    with opened() as (database, _now), database.reading() as session:
        query = select(Scheme, Body.name).join(Body, Body.id == Scheme.organisation_id).order_by(Body.name, Scheme.name)
        found = [
            {"id": row.id, "organisation": name, "name": row.name, "service": row.service,
             "terms": row.terms.model_dump(mode="json")}
            for row, name in session.execute(query)
        ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        typer.echo(f"{one['id']}  {one['organisation']}  {one['name']}  ({one['service']})")


@app.command("template")
def template(service: Annotated[str, typer.Argument(help="lockers, luggage or tools")]) -> None:
    """Print a template's terms as JSON, to change and give to `scheme add --terms`."""
    from gateway.schemes.templates import TEMPLATES, service_called

    typer.echo(TEMPLATES[service_called(service)].terms.model_dump_json(indent=2))


@app.command("add")
def add(
    organisation: Organisation,
    service: Annotated[str, typer.Argument(help="lockers, luggage or tools")],
    name: Annotated[str, typer.Option(help="what it is called; the template's French name if left out")] = "",
    terms: Annotated[Path | None, typer.Option(help="a file of terms; the template's if left out")] = None,
) -> None:
    """Make a scheme; print its id."""
    from gateway.lockers.service import organisation_named
    from gateway.schemes import service as work
    from gateway.schemes.templates import TEMPLATES, service_called
    from gateway.schemes.terms import read_terms

    kind = service_called(service)
    given = read_terms(read_secret(terms)) if terms else None
    with opened() as (database, now), database.writing() as session:
        body = organisation_named(session, organisation, actor=ACTOR, now=now())
        made = work.add_scheme(
            session, organisation_id=body.id, service=kind, name=name or TEMPLATES[kind].name.fr, terms=given,
            actor=ACTOR, now=now(),
        )  # fmt: skip
    typer.echo(made.id)


@app.command("copy")
def copy(
    scheme: Annotated[str, typer.Argument(metavar="ID", help="as `scheme list` prints it")],
    organisation: Organisation,
    name: Annotated[str, typer.Option(help="another name")] = "",
) -> None:
    """Copy a scheme to an organisation; print the copy's id."""
    from gateway.lockers.service import organisation_named
    from gateway.schemes import service as work

    with opened() as (database, now), database.writing() as session:
        body = organisation_named(session, organisation, actor=ACTOR, now=now())
        made = work.copy_scheme(session, scheme, organisation_id=body.id, name=name or None, actor=ACTOR, now=now())
    typer.echo(made.id)
