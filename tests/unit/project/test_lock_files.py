"""requirements/*.txt hold what pyproject.toml asks for, pinned with hashes, and name no package index."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PINNED = re.compile(r"(?P<requirement>[^\\]+?) \\\n(?P<hashes>(?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")
# Lock file -> the extras and groups it is compiled from (make lock).
LOCKS: dict[str, tuple[str, ...]] = {
    "controller": ("controller",),
    "pi": ("pi",),
    "pi-legacy": ("pi-legacy",),
    "gateway": ("gateway",),
    "simulator": ("simulator",),
    "dev": ("simulator", "postgresql", "dev"),
    "build": ("build",),
}
WEB_AND_DATABASE = {
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "jinja2",
    "psycopg",
    "webauthn",
    "structlog",
}


@cache
def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def _locked(lock: str) -> dict[str, list[Requirement]]:
    """The pinned requirements of a lock file by name; a name may be pinned twice, for different machines."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    matches = list(PINNED.finditer(text))
    assert "".join(match.group(0) for match in matches) == text, "something else than pinned, hashed requirements"
    locked: dict[str, list[Requirement]] = {}
    for match in matches:
        requirement = Requirement(match["requirement"])
        locked.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return locked


def _asked(part: str) -> list[Requirement]:
    """What an extra or a group asks for, with the extras it names written out."""
    extras, groups = _project()["project"]["optional-dependencies"], _project()["dependency-groups"]
    asked: list[Requirement] = []
    for item in extras.get(part) or groups[part]:
        if isinstance(item, dict):
            asked += _asked(item["include-group"])
            continue
        requirement = Requirement(item)
        if requirement.name == "casier":
            asked += [inner for extra in sorted(requirement.extras) for inner in _asked(extra)]
        else:
            asked.append(requirement)
    return asked


def test_every_lock_file_is_known_here() -> None:
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked_in_a_version_that_suits(lock: str) -> None:
    basis = [] if lock == "build" else _project()["project"]["dependencies"]
    for asked in [*map(Requirement, basis), *(part for name in LOCKS[lock] for part in _asked(name))]:
        pinned = _locked(lock).get(canonicalize_name(asked.name))
        assert pinned, f"{asked.name} is not in requirements/{lock}.txt: run make lock"
        for requirement in pinned:
            (version,) = requirement.specifier
            assert version.operator == "=="
            assert asked.specifier.contains(version.version, prereleases=True), f"run make lock: {requirement}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_index(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|@", text)


@pytest.mark.parametrize("lock", sorted(set(LOCKS) - {"dev", "pi", "pi-legacy"}))
def test_a_developers_machine_runs_the_very_versions_that_are_deployed(lock: str) -> None:
    for name, pinned in _locked(lock).items():
        assert {str(part.specifier) for part in pinned} <= {str(part.specifier) for part in _locked("dev")[name]}, name


@pytest.mark.parametrize("lock", ["controller", "pi", "pi-legacy"])
def test_a_pi_gets_no_web_or_database_library(lock: str) -> None:
    assert not WEB_AND_DATABASE & set(_locked(lock))
