"""`casier-gateway token`: make, list and revoke the tokens with which programs use the HTTP API."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gateway.terminal import ACTOR, Json, opened

app = typer.Typer(no_args_is_help=True, help="Tokens for the HTTP API.")


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="whom the token acts as")],
    name: Annotated[str, typer.Option(help="what it is for")] = "api",
    as_json: Json = False,
) -> None:
    """Make an API token; it is printed once."""
    from gateway.staff import service

    with opened() as (database, now), database.writing() as session:
        made = service.add_token(session, service.staff_named(session, email).id, name, actor=ACTOR, now=now())
    typer.echo(json.dumps({"api_token": made}) if as_json else made)


@app.command("list")
def listed(
    email: Annotated[str, typer.Argument(help="only those that act as this account")] = "",
    as_json: Json = False,
) -> None:
    """Every token, the oldest first: its id, whom it acts as, what it is for, and whether it still works.

    A token works until it is revoked or its account is disabled. The token itself is kept nowhere and cannot be shown.
    """
    from gateway.staff import service

    with opened() as (database, _now), database.reading() as session:
        account = service.staff_named(session, email).id if email else None
        found: list[dict[str, Any]] = [
            {
                "id": token.id, "email": holder.email, "name": token.name, "created_at": token.created_at,
                "revoked_at": token.revoked_at, "account_disabled_at": holder.disabled_at,
            }
            for token, holder in service.tokens(session, account)
        ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found))
        return
    if not found:
        typer.echo("no tokens yet: casier-gateway token add EMAIL", err=True)
    for line in found:
        state = "works"
        if line["account_disabled_at"]:
            state = f"account disabled {_day(line['account_disabled_at'])}"
        if line["revoked_at"]:
            state = f"revoked {_day(line['revoked_at'])}"
        typer.echo(f"{line['id']}  {line['email']}  {line['name']}  made {_day(line['created_at'])}  {state}")


@app.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="as `token list` shows it")]) -> None:
    """End a token: it is refused from its next request on."""
    from gateway.staff import service

    with opened() as (database, now), database.writing() as session:
        service.revoke_token(session, token_id, actor=ACTOR, now=now())
    typer.echo(f"{token_id}: revoked")


def _day(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
