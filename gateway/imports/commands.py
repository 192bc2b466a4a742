"""`casier-gateway import`: what an operator types to bring a file in, or to see what is wrong with it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.terminal import ACTOR, Json, opened


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a .json, .csv or .xlsx file")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="list every problem and what would be done; do nothing")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option(help="what the file calls columns and values (docs/import-and-reports.md)")
    ] = None,
    site: Annotated[str, typer.Option(help="the site's name; the file's own name if not given")] = "",
    organisation: Annotated[str, typer.Option(help="the organisation's name")] = "Casier",
    zone: Annotated[str, typer.Option(help="the site's time zone")] = "Europe/Paris",
    bank: Annotated[str, typer.Option(help="the id of the new block; made of the site's name if not given")] = "",
    as_json: Json = False,
) -> None:
    """Bring in lockers, people and contracts that were kept elsewhere: all of the file, or nothing."""
    from gateway.imports.mapping import WordMap, read_mapping
    from gateway.imports.service import Target, import_file

    words = read_mapping(mapping) if mapping else WordMap()
    target = Target(site=site or file.stem, organisation=organisation, zone=zone, bank=bank)
    with opened() as (database, now), database.reading() if dry_run else database.writing() as session:
        # Whatever a reading unit changes is dropped when it ends.
        done = import_file(session, file, target, words, actor=ACTOR, now=now())
    if as_json:
        typer.echo(json.dumps({**asdict(done), "dry_run": dry_run}))
        return
    assumed = f" ({done.assumed} with dates or facts that are assumed)" if done.assumed else ""
    typer.echo(
        f"{done.bank}: {done.lockers} lockers, {done.people} people, {done.contracts} contracts{assumed}, "
        f"{done.supports} support acts{'; nothing was imported, this was a dry run' if dry_run else ''}"
    )
