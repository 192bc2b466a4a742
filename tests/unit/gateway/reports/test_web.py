"""The page, the API and the downloads of reports, asked of the application itself."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.app import create_app
from gateway.imports.mapping import WordMap
from gateway.imports.service import Target, import_file
from gateway.lockers import service as places
from gateway.settings import Settings
from gateway.staff import service as accounts
from tests.unit.gateway.town import NOON

FILE = Path(__file__).parents[3] / "data" / "montreuil.json"
DAYS = {"from": "2018-10-15", "as_of": "2020-09-30"}
PASSWORD = "correct horse battery"


@dataclass
class Client:
    """Asks the application directly, with a token for the API and a cookie for the pages."""

    app: FastAPI
    token: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, params: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._get(path, params))

    async def _get(self, path: str, params: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://casier", headers=headers, cookies=self.cookies
        ) as client:
            return await client.get(path, params=params)


class Desk:
    """One application with Montreuil's file in it, and clients that act as someone."""

    def __init__(self, home: Path, template: Path) -> None:
        shutil.copy(template, home / "casier.db")
        settings = Settings(data_dir=home, database_url=f"sqlite:///{home / 'casier.db'}")
        self.app = create_app(settings, now=lambda: NOON)
        self.database = self.app.state.database
        with self.database.writing() as session:
            import_file(session, FILE, Target("Montreuil", "Emmaus"), WordMap(), actor="test", now=NOON)
            other = places.organisation_named(session, "Lille", actor="test", now=NOON)
            self.other = other.id

    def client(self, role: str = "worker", organisation_id: str | None = None) -> Client:
        """Signed in on the web, and with a token for the API."""
        email = f"{role}-{organisation_id or 'all'}@example.org"
        with self.database.writing() as session:
            who = accounts.add_staff(
                session, email=email, name="Léa", password=PASSWORD, role=role, organisation_id=organisation_id,
                actor="test", now=NOON,
            )  # fmt: skip
            token = accounts.add_token(session, who.id, "test", actor="test", now=NOON)
            signed = accounts.open_sign_in(session, who.id, now=NOON).token
        return Client(self.app, token, {"casier_session": signed})


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"), sqlite_template)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def worker(desk: Desk) -> Client:
    return desk.client()


def test_the_api_gives_every_figure_with_its_definition(worker: Client) -> None:
    answer = worker.get("/api/v1/reports/montreuil", params=DAYS)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["from"], told["as_of"], told["cohort"]) == ("2018-10-15", "2020-09-30", "served")
    assert told["figures"]["people"]["people_served"] == 16
    assert told["figures"]["people_by_support"]["clothing"] == 16
    assert told["months_of_care_of_the_ended"]["C"] == 17
    assert "unknown counts as not" in told["definitions"]["positive"]


def test_the_api_lists_what_can_be_asked_for(worker: Client) -> None:
    items = worker.get("/api/v1/reports").json()["items"]
    assert [(item["kind"], item["name"]) for item in items] == [
        ("network", "network"), ("organisation", "Emmaus"), ("organisation", "Lille"), ("site", "Montreuil"),
    ]  # fmt: skip
    for item in items:
        assert worker.get(f"/api/v1/reports/{item['reference']}", params=DAYS).json()["name"] == item["name"]


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/api/v1/reports/nowhere", {}, 404, "scope"),
        ("/api/v1/reports/network", {"from": "2021-01-01", "as_of": "2020-01-01"}, 422, "period"),
        ("/api/v1/reports/network", {"from": "yesterday"}, 422, "malformed"),
        ("/api/v1/reports/network", {"cohort": "all"}, 422, "malformed"),
        ("/api/v1/reports/network/figures.pdf", {}, 404, "file"),
        ("/api/v1/reports/network/nothing.svg", {}, 404, "file"),
    ],
)
def test_what_cannot_be_asked_for_is_a_problem(
    worker: Client, path: str, params: dict[str, str], status: int, code: str
) -> None:
    answer = worker.get(path, params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("stem", ["/api/v1/reports", "/reports"])
@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        ("figures.csv", "text/csv"),
        ("figures.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("people_by_support.svg", "image/svg+xml"),
    ],
)
def test_files_come_from_page_and_api_alike(worker: Client, stem: str, file: str, media_type: str) -> None:
    answer = worker.get(f"{stem}/montreuil/{file}", params=DAYS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["cache-control"] == "no-store"
    if not file.endswith("svg"):
        assert 'filename="montreuil-2018-10-15-2020-09-30' in answer.headers["content-disposition"].lower()


@pytest.mark.parametrize("language", ["fr", "en", "pt"])
def test_the_page_shows_the_figures_and_what_they_hold_for(worker: Client, language: str) -> None:
    worker.cookies["casier_language"] = language
    page = worker.get("/reports", params={"name": "montreuil", **DAYS})
    assert page.status_code == 200, page.text
    shown = {"fr": "Personnes accompagnées", "en": "People served", "pt": "Pessoas acompanhadas"}[language]
    assert f'<th scope="row">{shown}</th><td>16</td>' in page.text
    days = {
        "fr": ("15 octobre 2018", "30 septembre 2020"),
        "en": ("15 October 2018", "30 September 2020"),
        "pt": ("15 de outubro de 2018", "30 de setembro de 2020"),
    }[language]
    assert [day for day in days if f"<td>{day}</td>" in page.text] == list(days)
    assert f"<td>{DAYS['from']}</td>" not in page.text
    assert "figures.csv?from=2018-10-15&amp;as_of=2020-09-30&amp;cohort=served" in page.text


def test_every_link_of_the_page_leads_somewhere(worker: Client) -> None:
    page = worker.get("/reports", params={"name": "montreuil", **DAYS}).text
    links = [unescape(link) for link in re.findall(r'href="(/reports/[^"]+)"', page)]
    assert len(links) > 5
    assert {worker.get(link).status_code for link in links} == {200}


def test_the_page_begins_with_the_network_and_says_what_is_wrong(worker: Client) -> None:
    worker.cookies["casier_language"] = "en"
    assert worker.get("/reports").status_code == 200
    wrong = worker.get("/reports", params={"name": "network", "from": "2021-01-01", "as_of": "2020-01-01"})
    assert wrong.status_code == 422
    assert "The last day must not be before the first day." in wrong.text
    assert "Please give a date" in worker.get("/reports", params={"from": "soon"}).text


@pytest.mark.parametrize("day", ["0001-01-01", "0020-11-22", "9999-12-31"])
@pytest.mark.parametrize("path", ["/reports", "/reports/network/figures.csv", "/api/v1/reports/network"])
def test_a_day_that_was_typed_by_halves_is_no_crash(worker: Client, path: str, day: str) -> None:
    assert worker.get(path, params={"as_of": day}).status_code in (200, 422)


def test_staff_of_an_organisation_see_its_figures_and_the_networks_only(desk: Desk) -> None:
    client = desk.client("worker", desk.other)
    names = [item["name"] for item in client.get("/api/v1/reports").json()["items"]]
    assert names == ["network", "Lille"]
    assert client.get("/api/v1/reports/Montreuil", params=DAYS).status_code == 404
    assert client.get("/reports/Montreuil/figures.csv", params=DAYS).status_code == 404
    assert client.get("/api/v1/reports/network", params=DAYS).json()["figures"]["people"]["people_served"] == 16
    assert client.get("/api/v1/reports/Lille", params=DAYS).json()["figures"]["people"]["people_served"] == 0


@pytest.mark.parametrize("role", ["volunteer", "technician"])
def test_volunteers_and_technicians_see_no_reports(desk: Desk, role: str) -> None:
    client = desk.client(role)
    assert client.get("/api/v1/reports/montreuil", params=DAYS).status_code == 403
    assert client.get("/reports").status_code == 403


def test_no_name_of_a_person_is_in_any_answer(sqlite_template: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path, sqlite_template)
    file = tmp_path / "named.csv"
    file.write_text(
        "person;name;start;end;count;in_service\n;;;;1;2019-01-01\nA;Nadia Benali;2019-02-01;2019-06-01;;\n",
        encoding="utf-8",
    )
    with desk.database.writing() as session:
        import_file(session, file, Target("Named"), WordMap(), actor="test", now=NOON)
    client = desk.client("operator")
    for path in ("/reports?name=Named&", "/api/v1/reports/Named?", "/api/v1/reports/Named/figures.csv?"):
        answer = client.get(f"{path}from=2019-01-01&as_of=2020-01-01")
        assert answer.status_code == 200
        assert "Nadia" not in answer.text
    desk.database.close()
