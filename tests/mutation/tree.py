"""A copy of the tree with one sabotage in it, and whether its test notices: `python -m tests.mutation.tree [NAME]`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.mutation.sabotages import SABOTAGES, Sabotage

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("wire", "hw", "controller", "gateway", "simulator", "tests", "deploy", "pyproject.toml", "requirements")
TESTS_FAILED = 1  # pytest's exit code; any other means that nothing was shown


class TableError(Exception):
    """A row of the table no longer fits the code: it says what to look at."""


def copied(folder: Path) -> None:
    """Puts the copy into `folder`."""
    for name in COPIED:
        if (source := ROOT / name).is_dir():
            shutil.copytree(source, folder / name, symlinks=True)
        else:
            shutil.copy(source, folder / name)


@contextmanager
def sabotaged(sabotage: Sabotage, folder: Path) -> Iterator[None]:
    """Inside the block the copy has it. Raises TableError where the text to change does not stand there once."""
    path = folder / sabotage.file
    text = path.read_text()
    if text.count(sabotage.old) != 1:
        raise TableError(
            f"{sabotage.name}: the text to change stands {text.count(sabotage.old)} times in {sabotage.file}; "
            "the code has moved on, so must this row of tests/mutation/sabotages.py"
        )
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    path.write_text(text.replace(sabotage.old, sabotage.new))
    try:
        yield
    finally:
        path.write_text(text)


class Warm:
    """A copy of the tree, and the process of warm.py, which loads pytest and the libraries once for all sabotages."""

    def __init__(self) -> None:
        self._copy = tempfile.TemporaryDirectory(prefix="casier-sabotage-")
        self._folder = Path(self._copy.name)
        copied(self._folder)
        command = [sys.executable, "-P", self._folder / "tests/mutation/warm.py", self._folder]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": self._copy.name}
        self._process = subprocess.Popen(
            command, cwd="/", env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def notices(self, sabotage: Sabotage) -> bool:
        """Whether its test fails on the sabotaged copy. Raises TableError."""
        with sabotaged(sabotage, self._folder):
            return self.fail(sabotage.test)

    def fail(self, *tests: str) -> bool:
        """Whether one of these tests fails on the copy as it is. Raises TableError where they could not be run."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(tests), file=self._process.stdin, flush=True)
        code, said = json.loads(self._process.stdout.readline())
        if code not in (0, TESTS_FAILED):
            raise TableError(f"{', '.join(tests)} could not be run:\n{said}")
        return bool(code == TESTS_FAILED)

    def close(self) -> None:
        """Ends it, with whatever a test that ran too long has left."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._copy.cleanup()


def main(names: list[str]) -> int:
    """Runs the sabotages named, or all, and prints which were noticed; 1 if any was not."""
    unnoticed = 0
    with closing(Warm()) as warm:
        for sabotage in SABOTAGES:
            if names and sabotage.name not in names:
                continue
            try:
                noticed = warm.notices(sabotage)
            except TableError as error:
                print(error, file=sys.stderr)
                noticed = False
            unnoticed += not noticed
            print(f"{'noticed' if noticed else 'UNNOTICED':10} {sabotage.name}", flush=True)
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
