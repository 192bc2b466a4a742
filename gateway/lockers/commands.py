"""`casier-gateway place`: organisations, manual banks, roles, and giving a bank up."""

import json
from datetime import datetime
from typing import Annotated

import typer

from gateway.terminal import ACTOR, Json, opened

app = typer.Typer(no_args_is_help=True, help="Organisations, banks and who is what to them.")
Organisation = Annotated[str, typer.Argument(help="the organisation's name")]
Bank = Annotated[str, typer.Argument(help="the bank's id")]


@app.command("organisation")
def add_organisation(name: Organisation) -> None:
    """Make an organisation, if there is none of that name; print its id."""
    from gateway.lockers import service

    with opened() as (database, now), database.writing() as session:
        made = service.organisation_named(session, name, actor=ACTOR, now=now())
    typer.echo(made.id)


@app.command("manual-bank")
def add_manual_bank(
    bank: Bank,
    organisation: Annotated[str, typer.Option(help="who has the site")],
    lockers: Annotated[int, typer.Option(min=1, max=1000, help="numbers 1 to this")],
    site: Annotated[str, typer.Option(help="the site's name")] = "",
    zone: Annotated[str, typer.Option(help="the site's time zone")] = "Europe/Paris",
    name: Annotated[str, typer.Option(help="the bank's name on screen")] = "",
    size: Annotated[str | None, typer.Option(help="what staff call their size")] = None,
    litres: Annotated[int | None, typer.Option(min=1, help="the volume of each")] = None,
) -> None:
    """Make a bank without a controller, whose lockers open with keys."""
    from gateway.lockers import service

    with opened() as (database, now), database.writing() as session:
        owner = service.organisation_named(session, organisation, actor=ACTOR, now=now())
        place = service.site_named(session, site or bank, organisation_id=owner.id, zone=zone, actor=ACTOR, now=now())
        service.add_bank(session, bank_id=bank, site_id=place.id, name=name or bank, actor=ACTOR, now=now())
        made = service.add_lockers(
            session, bank, range(1, lockers + 1), size=size, litres=litres, lock="key", actor=ACTOR, now=now()
        )
    typer.echo(f"{bank}: {len(made)} lockers with keys")


@app.command("role")
def give_role(
    bank: Bank,
    organisation: Organisation,
    role: Annotated[str, typer.Argument(help="owner, operator or support")],
    take: Annotated[bool, typer.Option("--take", help="take it back")] = False,
) -> None:
    """Say what an organisation is to a bank."""
    from gateway.lockers import roles, service

    with opened() as (database, now), database.writing() as session:
        body = service.organisation_named(session, organisation, actor=ACTOR, now=now())
        change = roles.take_role if take else roles.give_role
        change(session, bank, body.id, roles.role_called(role), actor=ACTOR, now=now())
    typer.echo(f"{bank}: {organisation} {'is no longer' if take else 'is'} {role}")


@app.command("wind-down")
def wind_down(
    bank: Bank,
    closes_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="its last day")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="it is kept after all")] = False,
    as_json: Json = False,
) -> None:
    """Take no new contracts at a bank; print those that must move."""
    from dataclasses import asdict

    from gateway.lockers import winding_down

    with opened() as (database, now), database.writing() as session:
        if keep:
            winding_down.keep(session, bank, actor=ACTOR, now=now())
        else:
            day = closes_on.date() if closes_on else None
            winding_down.wind_down(session, bank, closes_on=day, actor=ACTOR, now=now())
        moves = winding_down.to_move(session, now(), bank_id=bank)
    if as_json:
        typer.echo(json.dumps([asdict(move) for move in moves]))
        return
    for move in moves:
        typer.echo(f"locker {move.number}: contract {move.contract_id} must move ({move.why})")
    typer.echo(f"{bank}: {len(moves)} contracts to move")
