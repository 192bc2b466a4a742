"""`casier-sim world` says what was misused, where a defect was raised, and prints what another program can read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from simulator.world import command
from simulator.world.town import Town

ROOT = Path(__file__).parents[3]


def lives(**options: object) -> int:
    """Run it; answers the exit code."""
    chosen = {"seeds": "1", "days": 1, "faults": "none", "skip": "", "only": "", "jobs": 1, "as_json": False,
              "timeline": False, "shrink": False} | options  # fmt: skip
    try:
        command.world(**chosen)  # type: ignore[arg-type]
    except typer.Exit as ended:
        return ended.exit_code
    return 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seeds": "1-"}, "--seeds '1-' is no range"),
        ({"seeds": "3-1"}, "--seeds '3-1' is no range"),
        ({"skip": "abc"}, "--skip 'abc' is no list of numbers"),
        ({"only": "3-4"}, "--only '3-4' is no list of numbers"),
        ({"faults": ""}, "there is no ''; say all, none, or of these: "),
        ({"faults": "crowd,rain"}, "there is no 'rain'; say all, none, or of these: "),
        ({"faults": "all", "days": 1}, "no fault begins within one day"),
    ],
)
def test_a_mistake_is_named_with_what_to_say_instead(
    capsys: pytest.CaptureFixture[str], options: dict[str, object], says: str
) -> None:
    assert lives(**options) == command.EXIT_USAGE
    said = capsys.readouterr()
    assert said.err.startswith("casier-sim: ")
    assert says in said.err
    assert said.out == ""


def test_spaces_after_commas_and_none_of_the_plan_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    assert lives(faults="crowd, link_cut", only="none") == 0
    assert "seed 1: holds; 0 faults" in capsys.readouterr().out


def test_a_defect_says_where_it_was_raised(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Town, "found", breaks)
    assert lives(as_json=True) == command.EXIT_VIOLATED
    said = capsys.readouterr()
    assert [one["invariant"] for one in json.loads(said.out)["violations"]] == ["defect"]
    assert "in breaks" in said.err
    assert "ZeroDivisionError: planted" in said.err


def test_a_reader_who_has_gone_is_no_violation() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "simulator", "world", "--seeds", "1", "--days", "1", "--faults", "none"],
            cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (command.EXIT_CUT_OFF, "")
