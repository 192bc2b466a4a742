"""The command line against a running controller and without one: plain answers, stable exit codes, no traceback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LEAN = (
    "typer", "rich", "fastapi", "sqlalchemy", "click", "tomlkit",
    "controller.technician", "controller.commission", "hw.frames.monitor",
)  # fmt: skip


def tool(world: Any, *arguments: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller", *arguments, "--config", str(config or world.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in done.stderr
    return done


def test_tools_act_through_the_running_controller(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    status = json.loads(tool(world, "status", "--json").stdout)
    assert status["connected"] is True
    assert status["list_version"] == world.gateway.version
    assert "connected" in tool(world, "status").stdout
    done = tool(world, "time", "set", "--at", "2026-05-01T14:30+02:00", "--json")
    assert (done.returncode, json.loads(done.stdout)["at"] // 60_000) == (0, 1_777_638_600_000 // 60_000)
    world.gateway.stored("clock_changed")
    assert tool(world, "all-off").returncode == 0
    second = tool(world, "run")
    assert (second.returncode, "another controller" in second.stderr) == (1, True)


def test_without_a_running_controller_the_exit_code_says_so(world: Any) -> None:
    for arguments in (("status",), ("time", "set", "--at", "2026-05-01T14:30+02:00")):
        assert tool(world, *arguments).returncode == 3
    assert tool(world, "all-off").returncode == 0
    assert tool(world, "trust", "not-a-key").returncode == 2
    assert tool(world, "time", "set", "--at", "soon").returncode == 2


def test_a_wrong_file_is_exit_code_2_with_its_line(world: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(world.config.read_text().replace("channels = 24", "channels = 99"))
    for arguments in (("config", "check"), ("run",), ("status",), ("all-off",)):
        done = tool(world, *arguments, config=wrong)
        assert (done.returncode, "boards.a.channels" in done.stderr) == (2, True)
    answer = json.loads(tool(world, "config", "check", "--json", config=wrong).stdout)
    assert answer["problems"][0]["line"] == wrong.read_text().splitlines().index("channels = 99") + 1


def test_a_new_root_key_is_taken_over_by_the_running_controller(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    session = world.status()["session"]
    other = "A" * 42 + "E"
    done = tool(world, "trust", other)
    if done.returncode:
        pytest.fail(done.stderr)
    world.gateway.wait(lambda: world.gateway.births[-1].session.number > session)
    assert world.status()["trust_version"] == 0
    world.bench.tap("valid")
    assert world.unlocked(1) == [3], "badges open while new documents are on their way"


def test_a_root_key_that_begins_with_a_dash_is_no_option(world: Any) -> None:
    done = tool(world, "trust", "-" + "A" * 41 + "E")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_run_path_loads_neither_the_command_line_nor_the_gateway(world: Any) -> None:
    code = (
        "import sys; import controller.__main__, controller.bootstrap, controller.all_off, controller.log;"
        f"print([name for name in {LEAN} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_the_disk_holds_keys_in_mode_0600_and_no_badge_number(world: Any) -> None:
    world.join(world.gateway.grant("valid", 3))
    world.bench.tap("valid")
    world.bench.tap("stranger")
    world.gateway.stored("door_opened")
    world.gateway.stored("badge_refused")
    assert world.end() == 0
    for name in ("device.key", "encryption.key"):
        assert (world.data / name).stat().st_mode & 0o777 == 0o600
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file() and path != world.config)
    for number in (b"62E3086CED", b"62E3086CF0", world.gateway.badge_key):
        assert number not in kept
