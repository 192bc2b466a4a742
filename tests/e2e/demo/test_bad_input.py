"""Bad input: a clear error, and nothing changed."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo.site_under_test import Site


def contract(site: Site, **other: Any) -> dict[str, Any]:
    """A sound request for a free locker, with what a test wants wrong."""
    today = date.today()  # noqa: DTZ011 - the demo's own days
    person = next(each["id"] for each in site.all("/api/v1/people") if each["name"] == "Samira Haddad")
    wanted = {
        "person_id": person, "bank": "montreuil-1", "number": 22,
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(90)).isoformat(),
    }  # fmt: skip
    return {**wanted, **other}


def stored(site: Site) -> tuple[int, int, int]:
    """How much of everything there is."""
    return tuple(len(site.all(f"/api/v1/{what}")) for what in ("contracts", "badges", "people"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"number": 99}, 404, "no locker 99"),
        ({"bank": "nowhere-9"}, 404, "nowhere-9"),
        ({"number": 7}, 409, "held"),
        ({"number": 5}, 409, "may still collect"),
        ({"ends_on": "2020-01-01"}, 422, "before"),
        ({"ends_on": "9999-12-31"}, 422, ""),
        ({"person_id": "nobody"}, 404, "no such person"),
        ({"number": "seven"}, 422, "number"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_in_plain_words(
    site: Site, wrong: dict[str, Any], status: int, says: str
) -> None:
    before = stored(site)
    answer = site.api.post("/api/v1/contracts", json=contract(site, **wrong))
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert says in answer.text
    assert stored(site) == before


def test_a_badge_in_use_elsewhere_is_refused(site: Site) -> None:
    before = stored(site)
    answer = site.api.post("/api/v1/contracts", json=contract(site, badge_id=site.badge_id("amina")))
    assert answer.status_code == 409
    assert stored(site) == before


def test_an_unknown_locker_cannot_be_opened(site: Site) -> None:
    answer = site.api.post("/api/v1/lockers/montreuil-1/99/open", json={"reason": "emergency"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_without_a_token_nothing_is_told(site: Site) -> None:
    answer = site.api.get("/api/v1/people", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert "items" not in answer.text


@pytest.mark.parametrize(
    ("old", "new", "line_says"),
    [
        ("channels = 24", "channels = 240", "channels"),
        ("[broker]", "[broker", ""),
        ('"rdm6300"', '"rdm6301"', "driver"),
        ('numbers = "1-24"', 'numbers = "1-30"', "numbers"),
    ],
)
def test_a_broken_configuration_is_shown_with_its_line(
    site: Site, tmp_path: Path, old: str, new: str, line_says: str
) -> None:
    good = (site.state / "montreuil-1" / "bank.toml").read_text()
    assert old in good
    broken = tmp_path / "bank.toml"
    broken.write_text(good.replace(old, new, 1))
    checked = subprocess.run(
        [sys.executable, "-m", "controller", "config", "check", "--config", str(broken)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    line = next(n for n, text in enumerate(broken.read_text().splitlines(), 1) if new in text)
    said = checked.stdout + checked.stderr
    assert checked.returncode == 2
    assert f"{line}" in said
    assert line_says in said
    assert "Traceback" not in said
