"""`casier-controller doctor`: looks at everything a bank needs, and says what to do where it is not well."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.config import BankFile, load
from controller.errors import ConfigError, ControlError, ControllerError
from controller.exit_codes import CONFIG, FAILED, OK
from controller.technician.doctor.findings import Finding, broken, well
from controller.technician.terminal import AsJson, Config, complain, plainly

_FAULT_MENDS = {
    "no_root": "run casier-controller trust ROOT-KEY, as casier-gateway root-key prints it",
    "badge_key_missing": "the gateway has not sent the key of some badges yet: look at the connection",
    "lease_expired": "no access list came for a long time: look at the connection and at the gateway",
}


@plainly
def doctor(
    config: Config,
    listen: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds to wait for a badge at each reader (hold one to it).")
    ] = 0,
    pulse: Annotated[
        bool, typer.Option("--pulse", help="Also open every locker that nobody holds, one after the other.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --pulse.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at every device, line, sensor, address and file of this bank; each line is pass, warn or fail with the mend.

    No coil moves without --pulse. While the controller runs it is asked; else the devices are looked at directly, with
    its own drivers. Exit code 0: no line failed; 1: some did; 2: the bank's file is wrong.
    """
    from controller.technician.doctor.report import report

    try:
        bank = load(config)
    except ConfigError as error:
        report(str(config), _mistakes(error), as_json)
        raise typer.Exit(CONFIG) from error
    if pulse and not yes:
        if as_json:
            complain("--pulse opens doors: with --json say --yes too")
            raise typer.Exit(CONFIG)
        typer.confirm(f"This opens the doors of {bank.controller} that nobody holds. Go on?", abort=True)
    failed = report(bank.controller, examine(bank, config, listen, pulse=pulse), as_json)
    raise typer.Exit(FAILED if failed else OK)


def examine(bank: BankFile, config: Path, listen_s: float, *, pulse: bool) -> Iterator[Finding]:
    """All findings about one bank, in the order in which they are worth reading."""
    from controller.technician.doctor import broker, machine, pulses
    from controller.technician.doctor.seen import ask_controller

    yield well("config", f"file {config.name}", f"no mistakes found; {len(bank.lockers)} lockers")
    if bank.data_dir.exists() and not os.access(bank.data_dir, os.R_OK | os.W_OK | os.X_OK):
        mend = (
            "run the doctor as the user of the service: runuser -u casier -- casier-controller doctor ..., or as root"
        )
        yield broken("controller", "rights", f"you may not look into {bank.data_dir}", mend)
        return
    status: dict[str, Any] | None = None
    try:
        seen = ask_controller(bank, listen_s)
        status = seen.status
        looking = _through_controller(bank, seen)
    except ControlError as error:
        if error.code != "not_running":
            raise
        looking = _directly(bank, listen_s)
    yield well(
        "controller", "controller", "it runs" if status else "it does not run: its devices are looked at directly"
    )
    yield from machine.judge(machine.measure(bank), bank, str(status["clock"]) if status else None)
    yield from looking
    yield from broker.judge(bank, status)
    if pulse and status is None:
        mend = "start the service: a release goes through its journal and its guard"
        yield broken("release", "releases", "no controller runs", mend)
    elif pulse:
        yield from pulses.judge(bank)


def _mistakes(error: ConfigError) -> Iterator[Finding]:
    for problem in error.problems:
        what = f"{Path(error.file).name}:{problem.line}"
        yield broken("config", what, problem.message, f"correct {problem.key or 'it'} in that line")


def _through_controller(bank: BankFile, seen: Any) -> Iterator[Finding]:
    from controller.technician.doctor import devices, doors, history, lines

    past = history.from_controller(bank)
    yield from history.judge(past)
    yield from devices.judge(bank, seen, past, devices.now_ms())
    yield from lines.not_asked(bank)
    yield from doors.judge(bank, seen, past)
    yield from _other_faults(bank, seen.status["faults"])


def _directly(bank: BankFile, listen_s: float) -> Iterator[Finding]:
    """With the shipped drivers, under the data directory's lock, so that no controller starts meanwhile."""
    from controller.bootstrap import sole_use
    from controller.technician.doctor import devices, doors, history, lines
    from controller.technician.doctor.seen import look_ourselves

    past = history.from_disk(bank)
    yield from history.judge(past)
    try:
        with sole_use(bank.data_dir) if bank.data_dir.is_dir() else nullcontext():
            seen = look_ourselves(bank, listen_s)
            addresses = lines.search(bank)
    except ControllerError as error:
        mend = "if that is a controller that hangs: systemctl restart casier-controller@BANK"
        yield broken("controller", "devices", f"they cannot be looked at: {error}", mend)
        return
    yield from devices.judge(bank, seen, past, devices.now_ms())
    yield from addresses
    yield from doors.judge(bank, seen, past)


def _other_faults(bank: BankFile, faults: list[dict[str, str]]) -> Iterator[Finding]:
    """What the controller itself reports besides its devices and its lockers."""
    hardware = bank.hardware
    told = {name for devices in (hardware.readers, hardware.boards, hardware.indicators) for name in devices}
    for fault in faults:
        source, code = fault["source"], fault["code"]
        if source not in told and not source.startswith(("locker ", "input ")):
            yield broken("controller", source, code, _FAULT_MENDS.get(code, "look at the controller's log"))
