"""A copy of the tree with one sabotage in it, and whether its tests notice: `python -m tests.mutation.tree [NAME]`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutation.sabotages import SABOTAGES, Sabotage

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("wire", "hw", "controller", "gateway", "simulator", "tests", "deploy", "pyproject.toml", "requirements")
TESTS_FAILED = 1  # pytest's exit code; any other means that nothing was shown


class TableError(Exception):
    """A row of the table no longer fits the code: it says what to look at."""


def sabotaged(sabotage: Sabotage, folder: Path) -> None:
    """Puts the copy into `folder`. Raises TableError where the text to change does not stand there exactly once."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
        else:
            shutil.copy(source, folder / name)
    path = folder / sabotage.file
    text = path.read_text()
    if text.count(sabotage.old) != 1:
        raise TableError(
            f"{sabotage.name}: the text to change stands {text.count(sabotage.old)} times in {sabotage.file}; "
            "the code has moved on, so must this row of tests/mutation/sabotages.py"
        )
    path.write_text(text.replace(sabotage.old, sabotage.new))


def noticed_by(sabotage: Sabotage) -> str | None:
    """The first of its tests that fails on the sabotaged copy, or None. Raises TableError."""
    with tempfile.TemporaryDirectory(prefix="casier-sabotage-") as name:
        folder = Path(name)
        sabotaged(sabotage, folder)
        environment = {**os.environ, "PYTHONPATH": name, "PYTHONDONTWRITEBYTECODE": "1"}
        for test in sabotage.tests:
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "0", test]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if done.returncode == TESTS_FAILED:
                return test
            if done.returncode != 0:
                raise TableError(f"{sabotage.name}: {test} could not be run:\n{done.stdout[-2_000:]}{done.stderr}")
    return None


def main(names: list[str]) -> int:
    """Runs the sabotages named, or all, and prints who noticed; 1 if any passed unnoticed."""
    unnoticed = 0
    for sabotage in SABOTAGES:
        if names and sabotage.name not in names:
            continue
        try:
            found = noticed_by(sabotage)
        except TableError as error:
            print(error, file=sys.stderr)
            found = None
        unnoticed += found is None
        print(f"{found or 'UNNOTICED':70} {sabotage.name}", flush=True)
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
