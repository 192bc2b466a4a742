"""The whole application on the town's database, served on a port of its own, its link to the broker unstarted."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.one_app import one_app
from tests.unit.gateway.town import NOON, Town

As = Callable[[str], httpx.Client]


@pytest.fixture
def client_as(town: Town, tmp_path: Path) -> Iterator[As]:
    """A client with the token and the cookie of a new account of a role."""
    url = town.database.engine.url.render_as_string(hide_password=False)
    app = one_app(Settings(data_dir=tmp_path, database_url=url), now=lambda: NOON)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    clients: list[httpx.Client] = []

    def made(role: str) -> httpx.Client:
        with town.writing() as session:
            staff = accounts.add_staff(
                session, email=f"{role}@example.org", name=role, password="un mot de passe long", role=role,
                actor="test", now=NOON,
            )  # fmt: skip
            token = accounts.add_token(session, staff.id, "test", actor="test", now=NOON)
            cookie = accounts.open_sign_in(session, staff.id, now=NOON).token
        headers = {"Authorization": f"Bearer {token}", "Cookie": f"casier_session={cookie}"}
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # The listening socket takes connections already: the first request waits for the server.
        clients.append(httpx.Client(base_url=base, headers=headers, timeout=20))
        return clients[-1]

    listener.listen()
    yield made
    for client in clients:
        client.close()
    server.should_exit = True
    thread.join(10)
    listener.close()
    app.state.database.close()
