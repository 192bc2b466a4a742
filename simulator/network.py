"""The network between one controller and the broker, as a TCP relay that can be cut and joined again."""

import asyncio
import contextlib
import socket

_CHUNK_BYTES = 65_536


class Network:
    """A relay on 127.0.0.1 to `target_port`; while it is cut nothing passes, and nobody is told.

    As with a real cut, connections stay half open and what was under way arrives late, when the network is back.
    `bytes_s`: how much of what the broker says passes in a second, where that is little; `up_bytes_s`: of what is said
    to it.
    """

    def __init__(self, target_port: int, bytes_s: int | None = None, up_bytes_s: int | None = None) -> None:
        self.target_port = target_port
        self._bytes_s = bytes_s
        self._up_bytes_s = up_bytes_s
        self.port = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def is_cut(self) -> bool:
        """Whether nothing passes at present."""
        return not self._flowing.is_set()

    async def start(self) -> None:
        """Listen on a free port, kept in `port`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._server is not None:
            self._server.close()
        for pump in tuple(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def cut(self, on: bool) -> None:
        """Cut the network, or join it again."""
        if on:
            self._flowing.clear()
        else:
            self._flowing.set()

    def _accept(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio prints a traceback for its own ones that are cancelled at the end.
        task = asyncio.get_running_loop().create_task(self._join(near_in, near_out))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _join(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_out: asyncio.StreamWriter | None = None
        try:
            await self._flowing.wait()
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self.target_port)
            _send_at_once(near_out)
            _send_at_once(far_out)
            ways = [
                asyncio.ensure_future(self._pump(near_in, far_out, self._up_bytes_s)),
                asyncio.ensure_future(self._pump(far_in, near_out, self._bytes_s)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass  # the broker is down: the controller sees its connection closed
        finally:
            for writer in (near_out, far_out):
                if writer is not None:
                    writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_s: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES if bytes_s is None else bytes_s // 20):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
                if bytes_s is not None:
                    await asyncio.sleep(len(data) / bytes_s)


def _send_at_once(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
