"""Runs the application under uvicorn until it is told to stop."""

import errno
import json
import socket
import sys

import uvicorn

from gateway.app import create_app
from gateway.errors import SettingsError
from gateway.settings import Settings

# Live streams never end by themselves: they are cut this long after a stop was asked for.
STOP_WITHIN_S = 3


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; prints one line when it listens. Raises as create_app, and SettingsError if the
    port is taken."""
    application = create_app(settings)
    listening = _listen(settings)
    host, port = listening.getsockname()[:2]
    server = _Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=settings.behind_tls,
            timeout_graceful_shutdown=STOP_WITHIN_S,
            timeout_keep_alive=30,
        ),
        f"http://{host}:{port}",
    )
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it is ready, for people and for supervisors."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, then one line on stdout."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(json.dumps({"ready": self._url}) + "\n")
            sys.stdout.flush()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.gateway_host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts: 40 ms off every answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.gateway_host, settings.gateway_port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                "gateway_port", f"port {settings.gateway_port} is taken: choose another with CASIER_GATEWAY_PORT"
            ) from error
        raise SettingsError(
            "gateway_host", f"cannot listen on {settings.gateway_host}:{settings.gateway_port}: {error.strerror}"
        ) from error
    return listening
