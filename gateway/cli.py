"""`casier-gateway`: serve, migrate, and what an operator does by hand. Exit codes: 0 done, 1 refused, 2 misuse."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import commands as audit
from gateway.errors import GatewayError, SettingsError
from gateway.imports import commands as imports
from gateway.lockers import commands as places
from gateway.privacy import commands as privacy
from gateway.reports import commands as reports
from gateway.schemes import commands as schemes
from gateway.staff import token_commands as tokens
from gateway.terminal import ACTOR, Json, opened, read_secret, settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The gateway of Casier.", pretty_exceptions_enable=False
)
config = typer.Typer(no_args_is_help=True, help="Settings.")
controllers = typer.Typer(no_args_is_help=True, help="Controllers and the banks they drive.")
staff = typer.Typer(no_args_is_help=True, help="Accounts of staff.")
badge = typer.Typer(no_args_is_help=True, help="Badges.")
for name, group in (
    ("config", config), ("controllers", controllers), ("staff", staff), ("token", tokens.app), ("badge", badge),
    ("audit", audit.app), ("privacy", privacy.app), ("place", places.app), ("scheme", schemes.app),
):  # fmt: skip
    app.add_typer(group, name=name)

app.command("import")(imports.import_)
app.command("report")(reports.report)


def main() -> None:
    """Entry point: a mistake is one clear line on stderr, never a traceback."""
    from sqlalchemy.exc import DBAPIError

    try:
        app()
    except SettingsError as error:
        _fail(error.text, 2)
    except GatewayError as error:
        _fail(error.text, 1)
    except DBAPIError as error:
        _fail(f"the database cannot be used: {error.orig}\nlook at CASIER_DATABASE_URL, and whether it runs", 1)
    except UnicodeEncodeError:
        _fail("a word on the command line is no text: write it in the encoding of this terminal (UTF-8)", 2)
    except OSError as error:
        _fail(f"{error.filename or 'the output'}: {error.strerror or error}", 1)


@app.command()
def serve() -> None:
    """Run the gateway: web, API and the link to the banks."""
    from gateway.server import run

    run(settings())


@app.command()
def migrate() -> None:
    """Bring the database to this version's form; take a backup first."""
    from gateway import migrations
    from gateway.db import open_database

    database = open_database(settings())
    before = migrations.current(database)
    migrations.migrate(database)
    database.close()
    typer.echo(f"database: {before or 'empty'} -> {migrations.head()}")


@app.command("root-key")
def root_key(as_json: Json = False) -> None:
    """Print ROOT-KEY, for `casier-controller trust ROOT-KEY`."""
    from gateway.access.keystore import Keystore

    key = Keystore(settings().data_dir).root_token
    typer.echo(json.dumps({"root_key": key}) if as_json else key)


@app.command()
def reconcile(
    bank: Annotated[str, typer.Argument(help="the bank's id")],
    decide: Annotated[bool, typer.Option("--decide", help="this gateway's list is to hold from now on")] = False,
    unseen: Annotated[bool, typer.Option("--unseen", help="decide although the bank could not send its list")] = False,
    as_json: Json = False,
) -> None:
    """Compare a held bank's own list with this gateway's, and decide. (The running gateway asks for the list.)"""
    from gateway.access import reconcile as work
    from gateway.access.schemas import differences_out
    from gateway.access.service import controller_of

    with opened() as (database, now):
        with database.reading() as session:
            held = controller_of(session, bank).held_since is not None
            found = differences_out(held, work.differences(session, bank, now=now()))
        typer.echo(found.model_dump_json(indent=None if as_json else 2))
        if decide:
            with database.writing() as session:
                work.decide(session, bank, actor=ACTOR, now=now(), unseen=unseen)
            typer.echo(f"{bank}: this gateway's list holds from now on", err=True)


@config.command("check")
def config_check(as_json: Json = False) -> None:
    """Say which settings are in force, or what is wrong with them (exit code 2) or with the database (1)."""
    found = settings()
    _answers(found.database)
    values = {**found.model_dump(mode="json"), "database_url": _without_password(found.database)}
    _writable(found.data_dir)
    typer.echo(json.dumps(values) if as_json else "\n".join(f"{name} = {value}" for name, value in values.items()))


# One key in 64 begins with a dash; it is no option.
@controllers.command("add", context_settings={"ignore_unknown_options": True})
def controllers_add(
    bank: Annotated[str, typer.Argument(metavar="ID", help="the controller's id")],
    keys: Annotated[str, typer.Argument(metavar="KEYS", help="what `casier-controller keys` prints")],
    site: Annotated[str, typer.Option(help="the site's name")] = "",
    zone: Annotated[str, typer.Option(help="the site's time zone")] = "Europe/Paris",
    organisation: Annotated[str, typer.Option(help="the organisation's name")] = "Casier",
    name: Annotated[str, typer.Option(help="the bank's name on screen")] = "",
    lockers: Annotated[int, typer.Option(min=0, max=1000, help="numbers 1 to this")] = 0,
) -> None:
    """Join a controller to its bank; the bank, its site and its lockers are made if they are absent."""
    from gateway.access.keystore import Keystore
    from gateway.access.service import add_controller, ensure_badge_key
    from gateway.lockers import service
    from gateway.lockers.models import Bank

    with opened() as (database, now), database.writing() as session:
        found = session.get(Bank, bank)
        if found is None:
            owner = service.organisation_named(session, organisation, actor=ACTOR, now=now())
            place = service.site_named(
                session, site or bank, organisation_id=owner.id, zone=zone, actor=ACTOR, now=now()
            )
            found = service.add_bank(session, bank_id=bank, site_id=place.id, name=name or bank, actor=ACTOR, now=now())
        service.add_lockers(session, bank, range(1, lockers + 1), actor=ACTOR, now=now())
        add_controller(session, bank_id=bank, keys=keys, actor=ACTOR, now=now())
        ensure_badge_key(session, Keystore(settings().data_dir), found.site_id, now=now())
        count = service.locker_count(session, bank)
    typer.echo(f"{bank}: joined, {count} lockers")


@controllers.command("list")
def controllers_list(as_json: Json = False) -> None:
    """Every bank: joined, online, which list it follows and whether it is held."""
    from dataclasses import asdict

    from gateway.lockers import wall

    with opened() as (database, _now), database.reading() as session:
        found = wall.banks(session, lambda _bank: True)
    if as_json:
        typer.echo(json.dumps([{**asdict(bank), "held": bank.held, "pending": bank.pending} for bank in found]))
        return
    if not found:
        typer.echo("no banks yet: casier-gateway controllers add ID KEYS", err=True)
    for bank in found:
        state = "held" if bank.held else "online" if bank.online else "offline" if bank.joined else "no controller"
        change = ", a change is not in force yet" if bank.pending else ""
        typer.echo(f"{bank.id}  {bank.site}  {state}{change}")


def _password(file: Path | None) -> tuple[str, dict[str, str]]:
    """One that is read, or made; and what of it is to be said: of one that was read, nothing."""
    if file is not None:
        return read_secret(file), {}
    made = secrets.token_urlsafe(15)
    return made, {"password": made}


@staff.command("add")
def staff_add(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option(help="name on screen")] = "",
    role: Annotated[str, typer.Option(help="worker, volunteer, technician, librarian, operator")] = "worker",
    language: Annotated[str, typer.Option(help="fr, en, pt")] = "fr",
    organisation: Annotated[str, typer.Option(help="whose people the account sees; everyone's if left out")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="read the password from here instead of making one")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an account; its password is made and printed once, or read from a file."""
    from gateway.lockers.service import organisation_named
    from gateway.staff import service

    password, told = _password(password_file)
    with opened() as (database, now), database.writing() as session:
        body = organisation_named(session, organisation, actor=ACTOR, now=now()) if organisation else None
        added = service.add_staff(
            session, email=email, name=name or email.partition("@")[0], password=password, role=role,
            language=language, organisation_id=body.id if body else None, actor=ACTOR, now=now(),
        )  # fmt: skip
        answer = {"id": added.id, "email": added.email, **told}
    typer.echo(json.dumps(answer) if as_json else "\n".join(f"{key}: {value}" for key, value in answer.items()))


@staff.command("password")
def staff_password(
    email: Annotated[str, typer.Argument(help="whose account")],
    password_file: Annotated[
        Path | None, typer.Option(help="read the password from here instead of making one")
    ] = None,
    as_json: Json = False,
) -> None:
    """Give an account another password, made and printed once or read from a file; its browsers are signed out."""
    from gateway.staff import service

    password, told = _password(password_file)
    with opened() as (database, now), database.writing() as session:
        account = service.staff_named(session, email)
        service.set_password(session, account.id, password, actor=ACTOR, now=now())
        answer = {"id": account.id, "email": account.email, **told}
    typer.echo(json.dumps(answer) if as_json else "\n".join(f"{key}: {value}" for key, value in answer.items()))


@staff.command("disable")
def staff_disable(
    email: Annotated[str, typer.Argument(help="whose account")],
    hand_on_to: Annotated[
        str, typer.Option(help="the e-mail address of who looks after their people, and stands in for them, then")
    ] = "",
) -> None:
    """End an account: it cannot sign in any more, and its tokens and badges are dead.

    Refused while it looks after people or stands in for a colleague, unless that is handed on to another worker.
    """
    from gateway.staff import closing, service

    with opened() as (database, now), database.writing() as session:
        account = service.staff_named(session, email).id
        if hand_on_to:
            to = service.staff_named(session, hand_on_to).id
            handed = closing.hand_on(session, account, to=to, actor=ACTOR, now=now())
            typer.echo(f"{len(handed)} people handed on to {hand_on_to}")
        closing.close_account(session, account, actor=ACTOR, now=now())
    typer.echo(f"{email}: disabled")


@badge.command("register")
def badge_register(
    bank: Annotated[str, typer.Argument(help="a bank of the site")],
    label: Annotated[str, typer.Option(help="the short number printed on the badge")],
    number_file: Annotated[Path, typer.Option(help="file with technology:number; - for standard input")],
    staff_email: Annotated[str, typer.Option("--staff", help="whose account; without it, a badge in stock")] = "",
) -> None:
    """Register a badge; its number is read from a file, so that it stays out of the shell's history.

    A staff badge opens, at a reader with a keypad, the one locker whose number is typed after it.
    """
    from gateway.access.keystore import Keystore
    from gateway.access.service import register_badge
    from gateway.lockers.service import bank_of
    from gateway.staff.service import staff_named

    number = read_secret(number_file)
    with opened() as (database, now), database.writing() as session:
        made = register_badge(
            session, Keystore(settings().data_dir), site_id=bank_of(session, bank).site_id, number=number,
            label=label, staff_id=staff_named(session, staff_email).id if staff_email else None, actor=ACTOR, now=now(),
        )  # fmt: skip
    typer.echo(made.id)


@badge.command("ask-pin")
def badge_ask_pin(
    bank: Annotated[str, typer.Argument(help="a bank of the site")],
    off: Annotated[bool, typer.Option("--off", help="badge alone again")] = False,
) -> None:
    """Ask for badge and PIN at a site: staff see which badges have no PIN yet; those open alone until they have."""
    from gateway.badges.pins import ask_for_pins

    with opened() as (database, now), database.writing() as session:
        ask_for_pins(session, bank, asks=not off, actor=ACTOR, now=now())


def _writable(directory: Path) -> None:
    probe = directory / ".writable"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError("data_dir", f"CASIER_DATA_DIR: {directory} cannot be written: {error}") from error


def _answers(url: str) -> None:
    """Connects once; an SQLite file that is not there yet is made at the first start, not here."""
    from gateway.db import Database

    database = Database(url)
    file = database.engine.url.database if database.engine.dialect.name == "sqlite" else None
    if file is None or Path(file).exists():
        database.engine.connect().close()
    database.close()


def _without_password(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)


def _fail(text: str, code: int) -> None:
    for line in text.splitlines():
        typer.echo(f"casier-gateway: {line}", err=True)
    raise SystemExit(code)
