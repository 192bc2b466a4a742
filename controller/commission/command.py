"""`casier-controller commission` on the command line."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from controller.errors import ControllerError
from controller.exit_codes import FAILED
from controller.technician.doctor.access import UNIT_GROUPS, service_user
from controller.technician.terminal import AsJson, Config, plainly, print_json


@plainly
def commission(
    config: Config,
    auto: Annotated[
        bool, typer.Option("--auto", help="Ask nobody: every door has a working sensor, and all are shut.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write the bank's file without asking.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Forget what an earlier run has found.")] = False,
    only: Annotated[str, typer.Option(metavar="NUMBERS", help="Test these lockers (again), such as 3,7-9.")] = "",
    columns: Annotated[int, typer.Option(min=1, max=40, help="Doors side by side on the map.")] = 8,
    map_path: Annotated[Path | None, typer.Option("--map", help="Where to put the map (an HTML page).")] = None,
    report_path: Annotated[Path | None, typer.Option("--report", help="Where to put the report (JSON).")] = None,
    watch_ms: Annotated[int, typer.Option(min=300, max=10_000, help="How long each door is watched.")] = 3_000,
    as_json: AsJson = False,
) -> None:
    """Open each locker once, learn how the bank is wired, and write it into the bank's file. Stop the controller first.

    Asks which door opened; compares it with what the sensors say. Finds swapped doors, two doors on one channel, two
    boards on one address, dead, stuck and crossed sensors, doors that do not open. Lockers that are held are left out.
    Can be stopped at any time and goes on where it was. With --json all words go to standard error. Exit code 0 when
    nothing is wrong and the file says so.
    """
    from controller.bootstrap import sole_use  # these bring the whole controller, and tomlkit
    from controller.commission.commissioning import Commissioning, Options
    from controller.config import load

    options = Options(auto, yes, anew, only, columns, map_path, report_path, watch_ms)
    console = Console(stderr=as_json)
    bank = load(config)
    _refuse_other_users(bank.data_dir, config)
    with sole_use(bank.data_dir):
        report = asyncio.run(Commissioning(config, bank, options, console).run())
    if as_json:
        print_json(report)
    if not report["ok"]:
        raise typer.Exit(FAILED)


def _refuse_other_users(data_dir: Path, config: Path) -> None:
    """What another user writes into the data directory, root too, the controller cannot write any more."""
    user = service_user(data_dir)
    if user is not None:
        groups = " ".join(f"-G {group}" for group in UNIT_GROUPS)
        command = f"runuser -u {user.name} {groups} -- casier-controller commission --config {config}"
        raise ControllerError("user", f"{data_dir} belongs to {user.name}: run it as that user: {command}")
