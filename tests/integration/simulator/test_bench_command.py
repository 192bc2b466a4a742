"""`casier-sim bench` as a program: it says where everything is, names a taken port, and ends when told."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BANKS = """
[[banks]]
name = "rehearsal"
badges = [{label = "blue", number = "62E3086CED"}]
[banks.boards.a]
driver = "xor_board"
channels = 8
"""


@contextmanager
def bench_command(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-c", "from simulator.cli import main; main()", "bench", *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate(timeout=10)


def test_bench_tells_its_places_and_ends_at_once_although_a_page_is_open(tmp_path: Path) -> None:
    banks = tmp_path / "banks.toml"
    banks.write_text(BANKS)
    with bench_command("--state", str(tmp_path / "state"), "--port", "0", "--banks", str(banks)) as process:
        assert process.stdout is not None
        told = ""
        while "bench: " not in told:
            told += process.stdout.readline()
        url = re.findall(r"http://\S+/", told)[0]
        folder = tmp_path / "state" / "rehearsal"
        for place in ("reader.tty", "boards.tty", "pins.sock"):
            assert str(folder / place) in told
        assert (folder / "bank.toml").exists()
        with httpx.stream("GET", f"{url}api/stream?bank=rehearsal", timeout=10) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("data: ")
            assert (folder / "reader.tty").is_char_device()
            process.send_signal(signal.SIGTERM)
            process.wait(5)
        assert not (folder / "reader.tty").exists()


def test_taken_port_is_named_with_the_variable_to_set(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with bench_command("--state", str(tmp_path), CASIER_BENCH_PORT=port) as process:
            _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"port {port}" in said
    assert "CASIER_BENCH_PORT" in said


def test_broken_banks_file_is_explained(tmp_path: Path) -> None:
    banks = tmp_path / "banks.toml"
    banks.write_text(BANKS.replace("channels", "chanels"))
    with bench_command("--state", str(tmp_path), "--port", "0", "--banks", str(banks)) as process:
        _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "chanels" in said
    assert "Traceback" not in said
