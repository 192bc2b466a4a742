"""A Pi installs the controller without any web or database-server library, and it works so."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

FORBIDDEN = (
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "jinja2",
    "babel",
    "webauthn",
    "structlog",
    "iotcore",
)


def _python(pi: Path, code: str) -> str:
    command = [pi / "bin" / "python", "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_no_web_or_database_library_is_installed(pi: Path) -> None:
    code = (
        "import importlib.util, json, sys\n"
        f"print(json.dumps([name for name in {FORBIDDEN!r} if importlib.util.find_spec(name)]))"
    )
    assert json.loads(_python(pi, code)) == []


def test_the_check_finds_what_is_there(pi: Path) -> None:
    assert _python(pi, "import importlib.util; print(importlib.util.find_spec('paho') is not None)") == "True\n"


def test_only_wheels_of_the_lock_file_were_installed(pi: Path) -> None:
    listed = json.loads(
        subprocess.run(
            [pi / "bin" / "python", "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    )
    lock = (Path(__file__).parents[3] / "requirements" / "controller.txt").read_text()
    for package in listed:
        if package["name"] not in {"casier", "pip", "setuptools"}:
            name = package["name"].lower().replace("_", "-")
            assert f"{name}=={package['version']}" in lock


def test_the_command_line_helps(pi: Path) -> None:
    command = [pi / "bin" / "casier-controller", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    for name in ("run", "config", "trust", "keys", "all-off"):
        assert name in result.stdout


@pytest.mark.parametrize("name", ["wire/asyncapi.yaml", "gateway/__init__.py", "simulator/pins.py"])
def test_the_wheel_is_whole(pi: Path, name: str) -> None:
    (wheel,) = (pi.parent / "dist").glob("casier-*.whl")
    assert name in zipfile.ZipFile(wheel).namelist()
