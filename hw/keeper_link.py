"""The controller's end of the pulse keeper: start it, send it pulses, hear its answers, start it again when lost."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from hw.backoff import Backoff
from hw.errors import LineClosed
from hw.pulse_keeper import now_ms

READY_WITHIN_S = 5.0  # Python and gpiozero take a second on a slow Pi
ANSWER_WITHIN_S = 0.3
EXIT_WITHIN_S = 1.0
# A keeper with contacts to watch tells them every second.
INPUTS_WITHIN_S = 3.0
# The loss of a keeper that somebody told to end. systemd tells all of a service at once: this program ends as well.
TOLD_TO_END = "told_to_end"
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


class KeeperLink:
    """One keeper process, started with `arguments` (see `hw.pulse_keeper`). Handlers are called in the loop's thread.

    `on_answer(verb, permit)` gives `on`, `off` and `refused`; `on_ready()` follows each start; `on_lost(code, detail)`
    each loss, TOLD_TO_END among the codes; `on_inputs(levels)` each look at the contacts. A keeper that does not answer
    in time is killed: the next one claims all lines off.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        on_ready: Callable[[], None],
        on_answer: Callable[[str, int], None],
        on_lost: Callable[[str, str], None],
        on_inputs: Callable[[int], None] | None = None,
    ) -> None:
        self._command = [sys.executable, "-P", "-m", "hw.pulse_keeper", *arguments]
        self._on_ready = on_ready
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._on_inputs = on_inputs
        self._backoff = Backoff()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._pending = b""
        self._fault = ("keeper_lost", "the pulse keeper ended; it is started again")
        self._deadlines: dict[object, asyncio.TimerHandle] = {}
        self._retry: asyncio.TimerHandle | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the keeper has claimed its lines and listens."""
        return self._ready

    @property
    def pid(self) -> int | None:
        """The keeper's process id, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the keeper. Must be called in the loop; raises nothing."""
        self._loop = asyncio.get_running_loop()
        self._spawn()

    def pulse(self, pin: int, length_ms: int, permit: int) -> None:
        """Ask for one pulse now. Raises LineClosed if there is no keeper to ask."""
        self._send(f"pulse {pin} {length_ms} {permit} {now_ms()}\n")
        self._expect(("on", permit), ANSWER_WITHIN_S)
        self._expect(("off", permit), length_ms / 1000 + ANSWER_WITHIN_S)

    def light(self, line: int, on: bool) -> None:
        """Switch one light; without a keeper nothing happens."""
        if self._ready:
            with suppress(LineClosed):  # its end is seen and reported on its own
                self._send(f"light {line} {int(on)}\n")

    def all_off(self) -> None:
        """Drop every line; without a keeper they are off, or will be when the next one starts."""
        if self._ready:
            with suppress(LineClosed):  # its end is seen and reported on its own
                self._send("all_off\n")

    async def stop(self) -> None:
        """End the keeper's input and see it out; it drops every line before it goes."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        process = self._process
        self._hang_up()
        if process is not None:
            waited = 0.0
            while process.poll() is None and waited < EXIT_WITHIN_S:
                await asyncio.sleep(0.01)
                waited += 0.01
            _reap(process)

    def _spawn(self) -> None:
        self._retry = None
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            end = theirs.fileno()
            self._process = subprocess.Popen(self._command, stdin=end, stdout=end, start_new_session=True)
        except OSError as error:
            ours.close()
            self._lost("keeper_lost", f"the pulse keeper cannot be started: {error}")
            return
        finally:
            theirs.close()
        self._socket = ours
        self._fault = ("keeper_lost", "the pulse keeper ended; it is started again")
        self._loop.add_reader(ours, self._readable)
        self._expect("ready", READY_WITHIN_S)

    def _send(self, request: str) -> None:
        if self._socket is None or not self._ready:
            raise LineClosed("the pulse keeper is not running")
        data = request.encode("ascii")
        try:
            sent = self._socket.send(data)
        except OSError as error:
            raise LineClosed(f"the pulse keeper does not listen: {error}") from error
        if sent != len(data):
            self._too_late()
            raise LineClosed("the pulse keeper does not listen")

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        *answers, self._pending = (self._pending + data).split(b"\n")
        for answer in answers:
            self._heard(answer.decode("ascii", "replace"))

    def _heard(self, answer: str) -> None:
        verb, _, rest = answer.partition(" ")
        if verb == "ready":
            self._met("ready")
            self._ready = True
            self._backoff.reset()
            self._watch_inputs()
            self._on_ready()
        elif verb == "fault":
            code, _, detail = rest.partition(" ")
            self._fault = (code, detail)
        elif verb == "inputs" and rest.isdecimal() and self._on_inputs is not None:
            self._met("inputs")
            self._watch_inputs()
            self._on_inputs(int(rest))
        elif verb in ("on", "off", "refused") and (number := rest.partition(" ")[0]).isdecimal():
            permit = int(number)
            self._met((verb, permit))
            if verb == "refused":
                self._met(("on", permit))
                self._met(("off", permit))
            self._on_answer(verb, permit)

    def _watch_inputs(self) -> None:
        if self._on_inputs is not None:
            self._expect("inputs", INPUTS_WITHIN_S)

    def _expect(self, what: object, within_s: float) -> None:
        self._deadlines[what] = self._loop.call_later(within_s, self._too_late)

    def _met(self, what: object) -> None:
        deadline = self._deadlines.pop(what, None)
        if deadline is not None:
            deadline.cancel()

    def _too_late(self) -> None:
        self._fault = ("keeper_lost", "the pulse keeper did not answer in time; it is started again")
        self._ended()

    def _ended(self) -> None:
        process = self._process
        self._hang_up()
        if process is not None:
            _reap(process)
            if process.returncode == _ENDED_BY_SIGTERM:
                self._fault = (TOLD_TO_END, "the pulse keeper was told to end; it is started again")
        self._lost(*self._fault)

    def _hang_up(self) -> None:
        for deadline in self._deadlines.values():
            deadline.cancel()
        self._deadlines.clear()
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._socket = None
        self._process = None
        self._ready = False
        self._pending = b""

    def _lost(self, code: str, detail: str) -> None:
        self._retry = self._loop.call_later(self._backoff.wait_s(), self._spawn)
        self._on_lost(code, detail)


def _reap(process: subprocess.Popen[bytes]) -> None:
    """See the process out; after SIGKILL that takes no time."""
    if process.poll() is None:
        process.kill()
    process.wait()
