"""What is slow and the same for every test of the gateway: its application, its passwords, its disk."""

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from gateway import db
from gateway.app import create_app, equip
from gateway.days import unix_ms
from gateway.settings import Settings
from gateway.staff import service as accounts


def one_app(settings: Settings, *, now: Callable[[], int] = unix_ms) -> FastAPI:
    """As create_app, but the application is always the same, equipped anew: one test at a time uses it."""
    app = _routed()
    equip(app, settings, now=now)
    return app


@cache
def _routed() -> FastAPI:
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(data_dir=Path(home)))
        app.state.database.close()
    return app


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Argon2 as ever, but not slow on purpose: a quarter of a second for each account and each sign-in."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1)
        patch.setattr(accounts, "_passwords", PasswordHash((cheap,)))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_disk() -> Iterator[None]:
    """SQLite as ever, but no commit waits for the disk: no power is cut here."""
    connected = db._sqlite_connected

    def quickly(connection: Any, record: object) -> None:
        connected(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_sqlite_connected", quickly)
        yield
