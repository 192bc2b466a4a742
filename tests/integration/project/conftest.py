"""A fresh virtual environment with the controller as a Pi installs it: its extra alone, from locked wheels."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WHEELS = ROOT / "build" / "wheels" / "controller"


def _run(*command: str | Path) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


@pytest.fixture(scope="session")
def pi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment's folder; nothing is fetched: the wheels were (make build/wheels/controller/.complete)."""
    if not (WHEELS / ".complete").exists():
        pytest.skip("the controller's wheels are not here: run make build/wheels/controller/.complete")
    folder = tmp_path_factory.mktemp("pi")
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "dist")
    _run(sys.executable, "-m", "venv", folder / "venv")
    # --isolated: no index or folder that this machine's own pip settings name.
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "--isolated", "--disable-pip-version-check", "install"]
    _run(*pip, "--quiet", "--no-index", "--find-links", WHEELS, "--find-links", folder / "dist", "casier[controller]")
    return folder / "venv"
