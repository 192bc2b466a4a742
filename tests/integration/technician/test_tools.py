"""watch, events tail, open, identify and doctor --pulse, as their real programs beside a running controller."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.controller.conftest import BADGES, eventually


def tool(world: Any, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller", *arguments, "--config", str(world.config)]
    done = subprocess.run(command, input=answer, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def staying(world: Any, *arguments: str) -> Iterator[list[str]]:
    """A tool that stays until Ctrl-C, and the lines it has printed so far."""
    command = [sys.executable, "-m", "controller", *arguments, "--config", str(world.config)]
    shown: list[str] = []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    stdout = process.stdout
    collected = threading.Thread(target=lambda: [shown.append(line) for line in stdout])
    collected.start()
    try:
        yield shown
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        collected.join()
        stdout.close()


def test_the_bank_is_watched_opened_and_identified(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    with staying(world, "watch") as seen, staying(world, "events", "tail", "-f", "--json") as followed:
        eventually(lambda: any("locker" in line for line in seen) and followed)

        refused = tool(world, "open", "--locker", "2", "--reason", "maintenance", answer="n\n")
        assert (refused.returncode, world.bench.unlocked) == (1, []), "it asks first"
        opened = tool(world, "open", "--locker", "2", "--reason", "maintenance", answer="y\n")
        assert (opened.returncode, "the door opened" in opened.stdout) == (0, True)
        asked = tool(world, "open", "--locker", "4", "--reason", "maintenance", "--json")
        assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
        steps = lines(tool(world, "open", "--locker", "4", "--reason", "emergency", "--yes", "--json"))
        assert [step["state"] for step in steps] == ["accepted", "released", "opened"]
        held = tool(world, "open", "--locker", "3", "--reason", "maintenance", "--yes")
        assert (held.returncode, "someone holds this locker" in held.stderr) == (1, True)
        assert world.unlocked(2) == [2, 4]

        assert tool(world, "identify", "--seconds", "2").returncode == 0
        assert tool(world, "identify", "--locker", "99").returncode == 1
        world.bench.tap("stranger")
        eventually(lambda: any("badge_refused" in line for line in followed))
        eventually(lambda: any("reader entrance: a badge" in line for line in seen))
        eventually(lambda: any("light and buzzer: identify" in line for line in seen))
        assert any("locker 2 (board a channel 2): door open" in line for line in seen)
    assert BADGES["stranger"] not in "".join((*seen, *followed)), "no tool shows a badge's number"
    assert [json.loads(line)["body"]["locker"] for line in followed if '"door_opened"' in line] == [2, 4]


def test_the_journal_is_shown_from_the_disk_of_a_controller_that_rests(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("valid")
    world.gateway.stored("door_opened")
    running = lines(tool(world, "events", "tail", "--json"))
    assert world.end() == 0
    resting = lines(tool(world, "events", "tail", "--json"))
    assert [entry["type"] for entry in resting[:-1]] == [entry["type"] for entry in running]
    assert resting[-1]["type"] == "stopping"
    assert "release_intended" in [entry["type"] for entry in resting]
    assert not any("digest" in entry["body"] for entry in (*running, *resting)), "no tool needs to name a badge"
    assert len(lines(tool(world, "events", "tail", "-n", "1", "--json"))) == 1
    for arguments in (("watch",), ("identify",), ("open", "--locker", "1", "--reason", "emergency", "--yes")):
        assert tool(world, *arguments).returncode == 3


def test_a_walk_test_opens_what_nobody_holds_and_names_jammed_and_wrong_doors(make_world: Callable[..., Any]) -> None:
    world = make_world(closes_after_ms=600)
    world.config.write_text(
        world.config.read_text().replace('"1-24"', '"1-4"') + "[releases]\nretries = 0\nopen_within_ms = 700\n"
    )
    world.join(world.gateway.grant("valid", 2))
    world.bench.do(lambda: world.bench.bank.door(3).jam(True, world.bench.bank.now()))
    world.bench.do(lambda: world.bench.bank.wires.update({4: (1,)}))
    asked = tool(world, "doctor", "--pulse", answer="n\n")
    assert (asked.returncode, world.bench.unlocked) == (1, [])
    assert tool(world, "doctor", "--pulse", "--json").returncode == 2, "a program must say --yes"
    done = tool(world, "doctor", "--pulse", "--yes", "--json")
    found = {check["what"]: check for check in json.loads(done.stdout)["checks"] if check["of"] == "release"}
    assert {what: check["level"] for what, check in found.items()} == {
        "release of locker 1": "pass", "release of locker 2": "pass", "release of locker 3": "fail",
        "release of locker 4": "fail",
    }  # fmt: skip
    assert found["release of locker 4"]["text"] == "the door of locker 1 opened instead"
    assert "not touched" in found["release of locker 2"]["text"]
    assert (done.returncode, set(world.unlocked(3))) == (1, {1, 3, 4})
