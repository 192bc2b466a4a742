"""A pytest with its plugins and libraries loaded and none of our modules, that forks for each test it is asked to run.

`warm.py FOLDER`: reads lines of JSON, each a list of tests of the copy of the tree in FOLDER, and answers each with a
line of JSON: exit code, and the end of what it said. Run as a file, so that no package of ours is loaded with it.
"""

import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

OURS = {"wire", "hw", "controller", "gateway", "simulator", "tests"}
# What the tests of the table import: it only has to be there early, a library missing here is loaded later.
LIBRARIES = (
    "alembic, cryptography.x509, fastapi, httpx, jsonschema, msgspec, paho.mqtt.client, playwright.sync_api, psycopg, "
    "pydantic_settings, serial, sqlalchemy.dialects.postgresql, structlog, typer, xdist.scheduler, yaml"
)
QUIETLY = ("-x", "-q", "-p", "no:cacheprovider", "-n", "0")


def warm_up() -> None:
    """Runs a test of nothing, with every plugin and library."""
    with tempfile.TemporaryDirectory(prefix="casier-warm-") as name, Path(os.devnull).open("w") as nowhere:
        test = Path(name, "test_nothing.py")
        test.write_text(f"import {LIBRARIES}\n\ndef test_nothing() -> None:\n    pass\n")
        with redirect_stdout(nowhere):
            code = pytest.main([*QUIETLY, f"--rootdir={name}", str(test)])
    if code != 0 or OURS & set(sys.modules):
        sys.exit(f"warming up: exit code {code}, loaded of ours: {OURS & set(sys.modules)}")


def become(folder: Path, tests: list[str], said: Path) -> int:
    """In the child: pytest as if it had been started in that folder."""
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    return int(pytest.main([*QUIETLY, *tests]))


def main(folder: Path) -> None:
    """Answers until its standard input ends."""
    warm_up()
    said = folder / "said.txt"
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                code = become(folder, json.loads(line), said)
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), said.read_text(errors="replace")[-2_000:]]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
