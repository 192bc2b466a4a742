"""`config check`: every mistake in the bank's file with its line, and whether its directory can be used here."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from controller.config import BankFile, load
from controller.errors import ConfigError, Problem
from controller.exit_codes import CONFIG
from controller.technician.terminal import AsJson, Config, complain, plainly, print_json, say
from controller.toml_lines import line_of


@plainly
def config_check(config: Config, as_json: AsJson = False) -> None:
    """Look for mistakes in the bank's file; each is named with its line and what is allowed.

    Run it as the user of the service: it also looks whether that user can write the data directory.
    """
    try:
        bank = load(config)
        _check_directory(config, bank)
    except ConfigError as error:
        if not as_json:
            complain(str(error))
        else:
            problems = [{"line": each.line, "key": each.key, "message": each.message} for each in error.problems]
            print_json({"ok": False, "file": error.file, "problems": problems})
        raise typer.Exit(CONFIG) from error
    if as_json:
        print_json({"ok": True, "controller": bank.controller, "locker_count": len(bank.lockers)})
    else:
        say(f"{config}: no mistakes found. {bank.controller} has {len(bank.lockers)} lockers.")


def _check_directory(config: Path, bank: BankFile) -> None:
    """Raises ConfigError where keys, list and journal could not be written. A running bank goes on without."""
    trouble = unusable(bank.data_dir)
    if trouble is not None:
        raise ConfigError(str(config), [Problem(line_of(config, "bank", "data_dir"), "bank.data_dir", trouble)])


def unusable(directory: Path) -> str | None:
    """Why this user cannot keep files in a directory, with the mend; None if it can, or can make it.

    Tried with a directory that is gone again at once: root may do what the rights forbid, and not what the disk does.
    """
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    user = f"the user who runs the controller (here: {os.geteuid()})"
    if not there.is_dir():
        return f"{there} is not a directory; name another, or move that file away"
    try:
        with TemporaryDirectory(prefix=".casier-", dir=there):
            return None
    except OSError as error:
        if there != directory:
            why = f"{directory} does not exist and cannot be made in {there} ({error.strerror})"
            return f"{why}: make it and give it to {user}"
        mend = f"give it to {user}, and see that its disk is neither full nor mounted read-only"
        return f"{directory} cannot be written ({error.strerror}): {mend}"
