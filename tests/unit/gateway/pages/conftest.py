"""A worker's browser on a small town's pages, called without a socket: sends the forms it is shown."""

import html
import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import Response

from gateway.access.keystore import Keystore
from gateway.app import create_app
from gateway.contracts.models import Contract
from gateway.db import Database
from gateway.people.models import Person
from gateway.privacy.field_keys import FieldKeys
from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.unit.gateway.town import NOON, Town, found_town

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client says which HTTP library it would rather have
    from fastapi.testclient import TestClient


@dataclass
class Browser:
    """One account's browser, in English; `page` is what it last got."""

    client: TestClient
    staff_id: str
    page: Response | None = None

    def get(self, path: str) -> str:
        self.page = self.client.get(path)
        assert self.page.status_code == 200, (path, self.page.status_code)
        return self.page.text

    def form(self, action: str, **having: str) -> dict[str, str]:
        """The hidden fields of the form on the page that leads to `action` and carries `having`."""
        assert self.page is not None
        for body in re.findall(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.page.text, re.S):
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
            if having.items() <= hidden.items():
                return {name: html.unescape(value) for name, value in hidden.items()}
        raise AssertionError(f"no form {action} {having}")

    def send(self, action: str, **values: str) -> str:
        """Fills in and sends that form; the page it leads to."""
        self.page = self.client.post(action, data={**self.form(action), **values})
        return self.page.text


@dataclass
class Office:
    """The town, the application on it, and browsers."""

    town: Town
    database: Database
    app: FastAPI
    now: int = NOON
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, role: str = "worker", name: str = "Léa Martin") -> Browser:
        with self.database.writing() as session:
            staff = accounts.add_staff(
                session, email=f"{len(self.browsers)}@example.org", name=name, password="un mot de passe long",
                role=role, actor="test", now=self.now,
            )  # fmt: skip
            opened = accounts.open_sign_in(session, staff.id, now=self.now)
        client = TestClient(self.app)
        client.cookies.set("casier_session", opened.token)
        client.cookies.set("casier_language", "en")
        self.browsers.append(Browser(client, staff.id))
        return self.browsers[-1]

    def holder(self, name: str = "Nadia", number: int = 1) -> tuple[Person, Contract]:
        """Someone with a locker and a badge."""
        person = self.town.person(name)
        return person, self.town.assign(person, number, badge=self.town.badge())


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Made once, since that takes longer than a test; each test gives it a database of its own."""
    made = create_app(Settings(data_dir=tmp_path_factory.mktemp("app")))
    made.state.database.close()
    return made


@pytest.fixture
def office(app: FastAPI, sqlite_template: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(accounts, "hash_password", lambda password: password)
    shutil.copy(sqlite_template, data_dir / "casier.db")
    database = Database(f"sqlite:///{data_dir / 'casier.db'}", FieldKeys.of(data_dir))
    made = Office(found_town(database, Keystore(data_dir)), database, app)
    app.state.database, app.state.now = database, lambda: made.now
    yield made
    for one in made.browsers:
        one.client.close()
    database.close()


@pytest.fixture
def worker(office: Office) -> Browser:
    return office.browser()
