"""One program of the site as a process of its own: started, watched, ended, and started again as systemd would."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.errors import ProgramFailedError

STOP_TIMEOUT_S = 8.0
RESTART_AFTER_S = 0.3


class Program:
    """A child process that writes to `folder/NAME.log` and leaves its process id in `folder/NAME.pid`.

    While it is wanted and ends by itself, it is started again: a crash loop cannot outrun `RESTART_AFTER_S`.
    `ready_mark` is what a line on its standard output begins with once it serves.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        ready_mark: str | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.pid_file = folder / f"{name}.pid"
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._ready_mark = ready_mark
        self._ready = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, and keep it running from now on."""
        self._wanted = True
        if self._watch is None or self._watch.done():
            self._ready.clear()
            self._watch = asyncio.create_task(self._keep_running())

    async def ready(self, timeout_s: float) -> None:
        """Return once it has said that it serves. Raises ProgramFailedError with where its log is."""
        try:
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        except TimeoutError:
            raise ProgramFailedError(self.name, self.log) from None

    async def stop(self) -> None:
        """Ask it to end, and wait; after a while, end it."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        self._wanted = False
        process, watch = self._process, self._watch
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(how)
        if watch is None:
            return
        done, _ = await asyncio.wait({watch}, timeout=STOP_TIMEOUT_S)
        if not done and process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await watch

    async def _keep_running(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        while self._wanted:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env=self._environment,
                    start_new_session=True,
                )
            self.pid_file.write_text(str(self._process.pid))
            await self._listen(self._process)
            await self._process.wait()
            self.pid_file.unlink(missing_ok=True)
            if self._wanted:
                await asyncio.sleep(RESTART_AFTER_S)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Read its standard output to the end; the line that begins with the mark says that it serves."""
        stream = process.stdout
        if stream is None:
            return
        while line := await stream.readline():
            if self._ready_mark is not None and line.decode(errors="replace").startswith(self._ready_mark):
                self._ready.set()
