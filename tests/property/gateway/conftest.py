"""The whole application on a small town's database, called without a socket; its link to the broker is unstarted."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from gateway import migrations
from gateway.access.keystore import Keystore
from gateway.app import create_app
from gateway.db import Database
from gateway.privacy.field_keys import FieldKeys
from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.unit.gateway.town import NOON, found_town

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client says which HTTP library it would rather have
    from fastapi.testclient import TestClient


@dataclass
class Open:
    """The application, a client that holds an operator's cookie and token, and what the form guard expects."""

    app: FastAPI
    client: TestClient
    token: str
    csrf: str
    known: dict[str, list[str]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    home: Path = tmp_path_factory.mktemp("gateway")
    url = f"sqlite:///{home / 'casier.db'}"
    database = Database(url, FieldKeys.of(home))
    migrations.migrate(database)
    town = found_town(database, Keystore(home))
    person = town.person()
    badge, stock = town.badge(person), town.badge()
    contract = town.assign(person)
    with database.writing() as session:
        staff = accounts.add_staff(
            session, email="operator@example.org", name="Operator", password="un mot de passe long", role="operator",
            actor="test", now=NOON,
        )  # fmt: skip
        token = accounts.add_token(session, staff.id, "test", actor="test", now=NOON)
        opened = accounts.open_sign_in(session, staff.id, now=NOON)
    app = create_app(Settings(data_dir=home, database_url=url), now=lambda: NOON)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {token}"
    client.cookies.set("casier_session", opened.token)
    known = {
        "person_id": [person.id], "badge_id": [badge.id, stock.id], "contract_id": [contract.id],
        "bank": [town.bank], "bank_id": [town.bank], "site_id": [town.site_id], "number": ["1", "2"],
        "organisation_id": [town.organisation_id], "staff_id": [staff.id], "printed": [stock.printed or "M-002"],
    }  # fmt: skip
    yield Open(app, client, token, opened.csrf_token, known)
    client.close()
    database.close()
    app.state.database.close()
