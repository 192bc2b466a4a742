"""Runs a bench's web server on one port until it is told to stop, its open live streams ended first."""

import socket
from types import FrameType

import uvicorn

from simulator.bench.app import create_app
from simulator.bench.world import World
from simulator.errors import PortTakenError

PORT_VARIABLE = "CASIER_BENCH_PORT"


class BenchServer(uvicorn.Server):
    """uvicorn, which otherwise would wait at its end for every page that still listens to its stream."""

    def __init__(self, world: World) -> None:
        super().__init__(uvicorn.Config(create_app(world), log_level="warning", lifespan="off"))
        self._world = world

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._world.end_streams()
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """Stop serving, as a signal would."""
        self._world.end_streams()
        self.should_exit = True


def listen(host: str, port: int, variable: str = PORT_VARIABLE) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTakenError, which names the `variable` to set."""
    # With the protocol named asyncio sends at once; without, each answer waits 40 ms for an acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise PortTakenError(host, port, variable) from error
    return listening


async def serve(world: World, listening: socket.socket) -> None:
    """Run the world and its server until a signal ends them."""
    async with world.running():
        await BenchServer(world).serve(sockets=[listening])
