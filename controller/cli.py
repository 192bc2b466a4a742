"""The command line of the controller: what a technician asks and tells it. `run` and `all-off` start in __main__.py.

Exit codes: 0 done, 1 could not be done, 2 wrong command line or file, 3 no controller is running, 70 a defect.
"""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from controller.commission.command import commission
from controller.config import load
from controller.errors import ControlError, NoAnswerError
from controller.exit_codes import CONFIG
from controller.technician import events, frames, onsite, watch
from controller.technician.config_check import config_check
from controller.technician.doctor.command import doctor
from controller.technician.terminal import AsJson, Config, ask, complain, plainly, print_json, say

app = typer.Typer(
    name="casier-controller", help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
config_app = typer.Typer(help="The bank's file.", no_args_is_help=True)
time_app = typer.Typer(help="The controller's clock.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(time_app, name="time")

config_app.command("check")(config_check)
app.command("decode")(frames.decode)
app.command("frame")(frames.frame)
app.command("commission")(commission)
app.command("doctor")(doctor)
app.command("watch")(watch.watch)
app.add_typer(events.app, name="events")
app.command("open")(onsite.open_locker)
app.command("identify")(onsite.identify)


@app.command()
def run(config: Config) -> None:
    """Run the bank in the foreground until SIGTERM. Logs JSON lines to standard error."""
    from controller.__main__ import main

    sys.argv = ["casier-controller", "run", "--config", str(config)]
    main()


# One key in 64 begins with a dash; it is no option.
@app.command(context_settings={"ignore_unknown_options": True})
@plainly
def trust(
    root_key: Annotated[str, typer.Argument(metavar="ROOT-KEY", help="As `casier-gateway root-key` prints it.")],
    config: Config,
) -> None:
    """Tell this controller the one root key it obeys. A running controller takes it over at once."""
    from controller.trust import write_root

    bank = load(config)
    bank.data_dir.mkdir(parents=True, exist_ok=True)
    write_root(bank.data_dir, root_key)
    try:
        ask(bank, {"do": "trust"})
    except ControlError as error:
        if error.code != "not_running" or isinstance(error, NoAnswerError):
            raise
    say(f"{bank.controller} obeys the gateways that this root key trusts.")


@app.command()
@plainly
def keys(config: Config, as_json: AsJson = False) -> None:
    """Print this controller's ID and KEYS, for `casier-gateway controllers add ID KEYS`. Makes them at first."""
    from controller.bootstrap import load_identity
    from wire.keys import controller_token

    bank = load(config)
    identity = load_identity(bank.data_dir)
    token = controller_token(
        identity.device.public_key().public_bytes_raw(), identity.encryption.public_key().public_bytes_raw()
    )
    if as_json:
        print_json({"id": bank.controller, "keys": token})
    else:
        sys.stdout.write(f"{bank.controller} {token}\n")


@app.command()
@plainly
def status(config: Config, as_json: AsJson = False) -> None:
    """What the running controller says of itself: connection, clock, list, queue, faults."""
    answer = ask(load(config), {"do": "status"})
    if as_json:
        print_json(answer)
        return
    table = Table(show_header=False, box=None)
    for name, value in answer.items():
        table.add_row(name.replace("_", " "), _worded(name, value))
    Console().print(table)


def _worded(name: str, value: Any) -> str:
    if name == "at":
        return datetime.fromtimestamp(value / 1_000, UTC).isoformat(timespec="seconds")
    if name == "faults":
        return ", ".join(f"{fault['source']}: {fault['code']}" for fault in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


@time_app.command("set")
@plainly
def time_set(
    config: Config,
    at: Annotated[str, typer.Option(help="The time by your watch or phone, such as 2026-05-01T14:30+02:00.")],
    as_json: AsJson = False,
) -> None:
    """Tell the running controller the time, standing beside it. It may set the clock back; the journal says so.

    Never what this machine's clock says: whatever set that one wrong would be its own second witness.
    """
    bank = load(config)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        complain(f"{at!r} is no time: write it as 2026-05-01T14:30+02:00")
        raise typer.Exit(CONFIG) from error
    if moment.tzinfo is None:
        complain("say which zone: write it as 2026-05-01T14:30+02:00")
        raise typer.Exit(CONFIG)
    answer = ask(bank, {"do": "time_set", "at": round(moment.timestamp() * 1_000)})
    if as_json:
        print_json(answer)
    else:
        say(f"The clock of {bank.controller} says {_worded('at', answer['at'])} ({answer['clock']}).")


@app.command("all-off")
@plainly
def drop_all(config: Config) -> None:
    """Drop every coil: through the running controller, or, if none runs, at the boards themselves."""
    from controller.all_off import all_off

    all_off(load(config))
