"""The gateway's program as a process of its own whose imports are behind it: forked from one that has loaded it.

What it does from there on (arguments, environment, output, signals, exit code) is as if it had been typed.
"""

import io
import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import TextIO


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gateway.server", "gateway.cli", "gateway.migrations"])
    return context


_FORKS = _context()


class Started:
    """`casier-gateway` with these arguments, running; its standard error goes to a file."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], stderr: Path) -> None:
        reading, writing = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(
            target=_become, args=(arguments, dict(environment), writing, stderr), daemon=True
        )
        self._process.start()
        writing.close()
        self.stdout: TextIO = os.fdopen(os.dup(reading.fileno()))
        reading.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, within_s: float) -> int:
        """The exit code, negative for a signal; raises TimeoutExpired."""
        self._process.join(within_s)
        code = self._process.exitcode
        if code is None:
            raise TimeoutExpired("casier-gateway", within_s)
        self._process.close()
        return code


def run(
    arguments: tuple[str, ...], environment: Mapping[str, str], stderr: Path, within_s: float = 60
) -> "CompletedProcess[str]":
    """Runs it to its end."""
    stderr.unlink(missing_ok=True)
    process = Started(arguments, environment, stderr)
    with process.stdout:
        said = process.stdout.read()
    return CompletedProcess(arguments, process.wait(within_s), said, stderr.read_text())


def _become(arguments: tuple[str, ...], environment: dict[str, str], stdout: Connection, stderr: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(stdout.fileno(), 1)
    with stderr.open("ab") as file:
        os.dup2(file.fileno(), 2)
    stdout.close()
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", line_buffering=False)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf-8", line_buffering=True)
    sys.argv = ["casier-gateway", *arguments]
    from gateway.cli import main

    main()
