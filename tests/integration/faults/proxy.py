"""A TCP proxy between a controller and its broker that cuts, swallows or flaps, as a network does."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes bytes both ways; `half_open` swallows them without a word, `cut` resets, `heal` is the network again."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._passes = threading.Event()
        self._passes.set()
        self._refuses = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def half_open(self) -> None:
        """What is sent from now on vanishes, on connections that stay up."""
        self._passes.clear()

    def cut(self) -> None:
        """Every connection ends, and new ones end at once."""
        self._refuses = True
        self._end_all()

    def heal(self) -> None:
        """Connections of before are dead; new ones pass."""
        self._end_all()
        self._refuses = False
        self._passes.set()

    def close(self) -> None:
        self._server.close()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            ended, self._open = self._open, set()
        for each in ended:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                near.close()
                continue
            if self._refuses:
                near.close()
                far.close()
                continue
            for each in (near, far):
                each.settimeout(None)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if self._passes.is_set():
                    sink.sendall(data)
        with self._lock:
            both = self._open & {source, sink}
            self._open -= both
        for each in both:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
