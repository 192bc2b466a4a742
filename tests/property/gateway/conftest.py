"""The whole application on the database of a town with one of each thing, called without a socket; its link to the
broker is unstarted, and every bank counts as heard."""

import shutil
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
from gateway.link.presence import Presence
from gateway.privacy.field_keys import FieldKeys
from gateway.settings import Settings
from gateway.staff import service as accounts
from gateway.staff.attempts import Attempts
from tests.one_app import quick_disk, quick_passwords
from tests.property.gateway.one_of_each import ORDERS, Known, one_of_each
from tests.unit.gateway.town import NOON, found_town

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client says which HTTP library it would rather have
    from fastapi.testclient import TestClient


PASSWORD = "un mot de passe long"
__all__ = ["quick_disk", "quick_passwords"]


class Heard(Presence):
    """Every bank was heard just now."""

    def heard_ago_ms(self, _bank_id: str) -> int:
        return 0


@dataclass
class Open:
    """The application, a client that holds an operator's cookie and token, and what the form guard expects.

    `cookies`: of the operator, who has an open desk; of somebody new; and of nobody.
    """

    app: FastAPI
    client: TestClient
    token: str
    csrf: str
    known: Known
    kept: Path
    cookies: dict[str, str]

    def renew(self, who: str = "operator") -> None:
        """The town as it was at first, with who is signed in then."""
        database: Database = self.app.state.database
        database.close()
        path = Path(database.engine.url.database or "")
        for beside in path.parent.glob(f"{path.name}-*"):
            beside.unlink()
        shutil.copy(self.kept, path)
        self.app.state.attempts = Attempts()
        self.be(who)

    def be(self, who: str) -> None:
        """Who asks from now on; the browser keeps the rest."""
        self.client.cookies.delete("casier_session")
        self.client.cookies.set("casier_session", self.cookies[who])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    home: Path = tmp_path_factory.mktemp("gateway")
    url = f"sqlite:///{home / 'casier.db'}"
    database = Database(url, FieldKeys.of(home))
    migrations.migrate(database)
    town = found_town(database, Keystore(home))
    with database.writing() as session:
        operator, newcomer = (
            accounts.add_staff(
                session, email=f"{name}@example.org", name=name, password=PASSWORD, role="operator",
                actor="test", now=NOON,
            )
            for name in ("operator", "newcomer")
        )  # fmt: skip
        token = accounts.add_token(session, operator.id, "test", actor="test", now=NOON)
        opened, other = (accounts.open_sign_in(session, one.id, now=NOON) for one in (operator, newcomer))
    known = one_of_each(town, operator.id)
    database.close()
    shutil.copy(home / "casier.db", home / "kept.db")
    app = create_app(Settings(data_dir=home, database_url=url), now=lambda: NOON + 60_000)
    app.state.orders, app.state.presence = ORDERS, Heard(lambda: 0)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {token}"
    client.cookies.set("casier_session", opened.token)
    cookies = {"operator": opened.token, "newcomer": other.token, "nobody": ""}
    yield Open(app, client, token, opened.csrf_token, known, home / "kept.db", cookies)
    client.close()
    app.state.database.close()
