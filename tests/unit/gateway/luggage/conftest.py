"""The whole application on the town's database, asked in this process, with a clock that the test sets."""

import asyncio
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.one_app import one_app
from tests.unit.gateway.town import NOON, Town


@dataclass
class Caller:
    """One account, by API and by page."""

    app: FastAPI
    staff_id: str
    token: str
    cookie: str
    csrf: str
    forms: int = 0

    def api(self, method: str, path: str, status: int, **body: Any) -> Any:
        """The answer's JSON; `body` is sent unless it is a GET."""
        answer = self._ask(
            method, f"/api/v1{path}", {"Authorization": f"Bearer {self.token}"}, json=None if method == "GET" else body
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def page(self, path: str, status: int = 200) -> str:
        """A page's text."""
        answer = self._ask("GET", path, {"Cookie": f"casier_session={self.cookie}; language=en"})
        assert answer.status_code == status, answer.text
        return html.unescape(re.sub(r"\s+", " ", answer.text))

    def post(self, path: str, status: int = 303, **form: str) -> str:
        """Sends a form; answers with the address it leads to, or with the page that refuses it."""
        self.forms += 1
        data = {"csrf": self.csrf, "once": f"once-{self.forms:016}", **form}
        answer = self._ask("POST", path, {"Cookie": f"casier_session={self.cookie}; language=en"}, data=data)
        assert answer.status_code == status, answer.text
        return answer.headers["location"] if status == 303 else html.unescape(answer.text)

    def _ask(self, method: str, path: str, headers: dict[str, str], **content: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://casier") as client:
                return await client.request(method, path, headers={**headers, "Accept-Language": "en"}, **content)

        return asyncio.run(ask())


@dataclass
class Office:
    """The town's gateway at `now`; `as_role` makes an account."""

    town: Town
    app: FastAPI
    at: dict[str, int]
    made: dict[str, Caller] = field(default_factory=dict)

    def as_role(self, role: str) -> Caller:
        """An account of that role, the same each time."""
        if role not in self.made:
            with self.town.writing() as session:
                staff = accounts.add_staff(
                    session, email=f"{role}@example.org", name=role, password="un mot de passe long", role=role,
                    language="en", actor="test", now=NOON,
                )  # fmt: skip
                token = accounts.add_token(session, staff.id, "test", actor="test", now=NOON)
                signed = accounts.open_sign_in(session, staff.id, now=self.at["now"])
                csrf = accounts.signed_in(session, signed.token, now=self.at["now"]).csrf_token
            self.made[role] = Caller(self.app, staff.id, token, signed.token, csrf or "")
        return self.made[role]


@pytest.fixture
def office(town: Town, tmp_path: Path) -> Iterator[Callable[[int], Office]]:
    """The gateway at an instant."""
    url = town.database.engine.url.render_as_string(hide_password=False)
    at = {"now": NOON}
    app = one_app(Settings(data_dir=tmp_path, database_url=url), now=lambda: at["now"])

    def opened(now: int) -> Office:
        at["now"] = now
        return Office(town, app, at)

    yield opened
    app.state.database.close()
