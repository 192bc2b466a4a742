"""The gateway's application with its routes read once for all tests: reading them takes longer than most tests."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fastapi import FastAPI

from gateway.app import create_app, equip
from gateway.days import unix_ms
from gateway.settings import Settings


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
