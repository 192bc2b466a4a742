"""`casier-gateway audit`: read the trail of what staff did, and verify that nothing of it was changed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import Json, opened, settings

if TYPE_CHECKING:
    from gateway.audit.service import Head

app = typer.Typer(no_args_is_help=True, help="The trail of what staff did.")
# The head that was seen last, kept apart from the database.
HEAD_FILE = "audit-head"


@app.command("verify")
def verify(
    expect: Annotated[str, typer.Option(help="ID:DIGEST, as an earlier verification printed it")] = "",
    as_json: Json = False,
) -> None:
    """Check every record against the chain, and that what was there at the last verification still is.

    Write the printed head down elsewhere: with --expect it shows that the trail was not replaced as a whole.
    """
    from gateway.audit import service
    from gateway.durable import write_whole

    kept: Path = settings().data_dir / HEAD_FILE
    expected = _expected(expect, kept)
    with opened() as (database, _now), database.reading() as session:
        count, head = service.verify(session, expected)
    if head is not None:
        write_whole(kept, str(head).encode())
    if as_json:
        typer.echo(json.dumps({"records": count, "head": str(head) if head else None}))
    else:
        typer.echo(f"{count} records, nothing was changed; head {head or '-'}")


@app.command("list")
def listed(
    subject: Annotated[str, typer.Option(help="only about this id")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """The newest records first."""
    from gateway.audit import service

    with opened() as (database, _now), database.reading() as session:
        for row in service.trail(session, subject or None, limit=limit):
            line = {"id": row.id, "at": row.at, "actor": row.actor, "action": row.action, "subject": row.subject}
            if as_json:
                typer.echo(json.dumps({**line, "details": row.details}))
            else:
                typer.echo("  ".join(str(value) for value in line.values()))


def _expected(said: str, kept: Path) -> "Head | None":
    """What the trail has to hold: as it was said, else as it was kept. Raises InvalidError with code `head`."""
    from gateway.audit.service import Head
    from gateway.errors import InvalidError

    if said or not kept.exists():
        return Head.parse(said) if said else None
    try:
        return Head.parse(kept.read_text(errors="replace"))
    except InvalidError as error:
        raise InvalidError(
            "head",
            f"{kept} is damaged: say with --expect what an earlier verification printed; or, if nobody wrote that "
            "down, move the file away",
        ) from error
