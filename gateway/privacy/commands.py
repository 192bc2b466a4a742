"""`casier-gateway privacy`: what is due to be erased, erasing it, exporting one person, and new keys for names."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.terminal import ACTOR, Json, opened, settings

app = typer.Typer(no_args_is_help=True, help="Keeping, erasing, exporting, and the keys that seal names and notes.")


@app.command("erase")
def erase(
    apply: Annotated[bool, typer.Option("--apply", help="do it; without it, only say what would be done")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="somebody looked: this machine's clock is right")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erase files in which nothing happened for the time of keeping, and openings that are older than theirs.

    A dry run unless --apply is given. Run it daily, from cron or a timer. With --apply the first run only remembers the
    time; a later one is refused if it is more than eight days from the one before, until it is said --trust-clock.
    """
    from gateway.privacy import erasure, openings
    from gateway.privacy.last_run import last_run, remember_run, require_near

    home = settings().data_dir
    with opened() as (database, now):
        at, last = now(), last_run(home)
        if apply and not trust_clock:
            require_near(last, at)
        is_first = apply and last is None and not trust_clock
        applied = apply and not is_first
        if applied:
            files = erasure.erase_due(database, actor=ACTOR, now=at)
        else:
            with database.reading() as session:
                files = erasure.due(session, now=at)
        uses = openings.delete_over(database, actor=ACTOR, now=at, apply=applied)
        if apply:
            remember_run(home, at)
    if as_json:
        typer.echo(json.dumps({"applied": applied, "files": [asdict(one) for one in files], "openings": uses}))
        return
    for one in files:
        typer.echo(f"{one.person_id}  {'erased' if applied else 'due'}")
    how = "due; the first run only remembers the time" if is_first else "due; --apply erases them"
    typer.echo(f"{len(files)} files, {uses} openings {'erased' if applied else how}")


@app.command("export")
def export(person_id: Annotated[str, typer.Argument(metavar="PERSON", help="the person's id")]) -> None:
    """Print everything about one person, as JSON."""
    from gateway.privacy.export import export as make
    from gateway.privacy.schemas import ExportOut

    with opened() as (database, now), database.writing() as session:
        made = ExportOut.model_validate(make(session, person_id, actor=ACTOR, now=now()))
    typer.echo(made.model_dump_json(indent=2))


@app.command("rotate-key")
def rotate_key(as_json: Json = False) -> None:
    """Make a new key, seal every name and note again under it, and drop the old one. The gateway may run meanwhile.

    Backups of the database from before need the key file from before.
    """
    from gateway.privacy.rotation import rotate

    with opened() as (database, now):
        count = rotate(database, actor=ACTOR, now=now())
    typer.echo(json.dumps({"values": count}) if as_json else f"{count} values sealed again under a new key")
