"""A program's end of the socket that serves a simulated Pi (simulator/pi_server.py), whatever pin library it uses."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from simulator.errors import LineError, PiGoneError

SOCKET_VARIABLE = "CASIER_SIM_PINS"
ANSWER_WITHIN_S = 5.0

Seen = Callable[[float, bool], None]


class PinLink:
    """One client of the Pi at `path`, by default the one that CASIER_SIM_PINS names. Raises PiGoneError, LineError."""

    def __init__(self, path: str | None = None) -> None:
        path = path or os.environ.get(SOCKET_VARIABLE)
        if not path:
            raise PiGoneError(
                f"set {SOCKET_VARIABLE} to the pins.sock of a simulated bank (casier-sim bench prints it)"
            )
        self._path = path
        self._client = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._lock = threading.Lock()
        self._requests = self._connect()
        self._edges: _EdgeStream | None = None

    def ask(self, request: str) -> str:
        """Send one request and return its answer. Raises LineError for what the Pi refuses."""
        with self._lock:
            return _exchange(self._requests, request)

    def tell(self, request: str) -> None:
        """Send one request that has no answer: the socket keeps it although this process dies right after."""
        with self._lock:
            _send(self._requests, request)

    def watch(self, line: int, edges: str, stable_us: int, seen: Seen) -> None:
        """Call `seen(seconds, level)` in a background thread at each edge; the stream is opened for the first line."""
        if self._edges is None:
            self._edges = _EdgeStream(self._connect())
        self._edges.watch(line, edges, stable_us, seen)

    def unwatch(self, line: int) -> None:
        """Hear no more of a line."""
        if self._edges is not None:
            self._edges.unwatch(line)

    def close(self) -> None:
        """Leave; the Pi forgets this client."""
        if self._edges is not None:
            self._edges.close()
            self._edges = None
        self._requests.close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_WITHIN_S)
        try:
            connection.connect(self._path)
            _exchange(connection, f"client {self._client}")
        except OSError as error:
            connection.close()
            raise PiGoneError(f"no simulated Pi answers at {self._path} ({error}): start the bench first") from error
        except PiGoneError:
            connection.close()
            raise
        return connection


class _EdgeStream:
    """The second socket: a background thread reads edges from it and calls the pins, as lgpio's own thread does."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        self._connection = connection
        self._watchers: dict[int, Seen] = {}
        self._thread = threading.Thread(target=self._run, name="casier-sim-edges", daemon=True)
        self._thread.start()

    def watch(self, line: int, edges: str, stable_us: int, seen: Seen) -> None:
        self._watchers[line] = seen
        _send(self._connection, f"watch {line} {edges} {stable_us}")

    def unwatch(self, line: int) -> None:
        if self._watchers.pop(line, None) is not None:
            _send(self._connection, f"unwatch {line}")

    def close(self) -> None:
        with suppress(OSError):  # the simulated Pi hung up first
            self._connection.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1.0)
        self._connection.close()

    def _run(self) -> None:
        with self._connection.makefile("r", encoding="ascii") as lines:
            try:
                for text in lines:
                    self._heard(text.split())
            except OSError:
                return

    def _heard(self, words: list[str]) -> None:
        if words[0] == "edge":
            seen = self._watchers.get(int(words[1]))
            if seen is not None:
                seen(int(words[3]) / 1e9, words[2] == "1")


def _send(connection: socket.socket, request: str) -> None:
    try:
        connection.sendall(request.encode("ascii") + b"\n")
    except OSError as error:
        raise PiGoneError(f"the simulated Pi is gone ({error}): start the bench again") from error


def _exchange(connection: socket.socket, request: str) -> str:
    _send(connection, request)
    answer = b""
    while not answer.endswith(b"\n"):
        try:
            more = connection.recv(4096)
        except OSError as error:
            raise PiGoneError(f"the simulated Pi does not answer ({error}): start the bench again") from error
        if not more:
            raise PiGoneError("the simulated Pi hung up: start the bench again")
        answer += more
    words = answer.decode("ascii").strip().split(" ", 2)
    if words[0] == "error":
        raise LineError(words[1], words[2])
    return words[0]
