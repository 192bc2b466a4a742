"""A real gateway on a temporary database, seeded through its services, with a bank that answers when told to."""

import base64
import html
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from gateway.access import commands
from gateway.access.lists import issue
from gateway.access.models import CommandRecord
from gateway.access.service import add_controller, born, controller_of, register_badge
from gateway.access.standing import follow
from gateway.contracts import service as contracts
from gateway.days import local_day, unix_ms
from gateway.events.service import record
from gateway.lockers import service as places
from gateway.lockers.observations import observe
from gateway.people.service import add_person
from gateway.settings import Settings
from gateway.staff.service import add_staff
from tests.one_app import one_app, quick_disk, quick_passwords
from wire.entries import Entry
from wire.messages import Birth, Health, Reply, Session

__all__ = ["quick_disk", "quick_passwords"]

EMAIL, PASSWORD = "lea@example.org", "un mot de passe long"
BANK = "montreuil-1"
EPOCH = "e" * 32


@dataclass
class Site:
    """The gateway under test and the bank's side of it."""

    app: FastAPI
    url: str = ""
    people: dict[str, str] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)
    stock: list[str] = field(default_factory=list)
    _seq: int = 0

    def bank_beats(self, bank: str = BANK) -> None:
        """The bank is online: a birth and a fresh beat."""
        now = unix_ms()
        session = Session(1, "a" * 32)
        birth = Birth(bank, session, "b" * 32, "1.0", "boot", now, 0, 0, None, (), ())
        with self.app.state.database.writing() as db:
            version = controller_of(db, bank).list_in_force
            born(db, bank, birth, now=now)
            follow(db, bank, version, since=now)
        self.app.state.presence.born(bank, birth, retained=False)
        health = Health(bank, session, "b" * 32, now, "trusted", 12_034, 412, 0, 0, ())
        self.app.state.presence.beats(bank, health)

    def bank_falls_silent(self, bank: str = BANK) -> None:
        """The session's end was heard."""
        self.app.state.presence.gone(bank)
        with self.app.state.database.writing() as db:
            controller_of(db, bank).online = False
            controller_of(db, bank).status_at = unix_ms()
            record(db, "controller_offline", now=unix_ms(), bank_id=bank)

    def bank_says(self, kind: str, locker: int, **body: Any) -> None:
        """A journal entry about a locker arrives."""
        now = unix_ms()
        self._seq += 1
        entry = Entry(EPOCH, self._seq, kind, now, self._seq, "boot", "trusted", {"locker": locker, **body})
        with self.app.state.database.writing() as db:
            observe(db, BANK, [entry], now=now)
            record(db, kind, now=now, bank_id=BANK, locker=locker)

    def bank_replies(self, state: str, why: str | None = None, **more: Any) -> None:
        """The bank replies to the newest command."""
        now = unix_ms()
        with self.app.state.database.writing() as db:
            newest = db.query(CommandRecord).order_by(CommandRecord.id.desc()).first()
            assert newest is not None
            reply = Reply(BANK, Session(1, "a" * 32), newest.id, state, now, why=why, **more)
            assert commands.replied(db, self.app.state.orders, BANK, reply, now=now) is not None

    def publish(self, *, applied: bool, bank: str = BANK) -> None:
        """A list is issued as the publisher does it, and the bank applies it or not."""
        with self.app.state.database.writing() as db:
            now = unix_ms()
            listed = issue(db, bank, lambda payload: payload, now=now)
            if applied:
                follow(db, bank, listed.version, since=unix_ms())
                record(db, "access_applied", now=unix_ms(), bank_id=bank, version=listed.version)

    def count(self, table: type) -> int:
        """Rows of a table."""
        with self.app.state.database.reading() as db:
            return db.query(table).count()


def _keys() -> str:
    made = (Ed25519PrivateKey.generate(), X25519PrivateKey.generate())
    raw = [key.public_key().public_bytes_raw() for key in made]
    return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in raw)


HELD = {  # name -> locker, first day, last day, counted from today
    "Awa Diallo": (5, -100, 200),
    "Jean-Pierre de la Très-Longue-Particule": (2, -50, 100),
    "Mo Farah": (3, -30, 60),
    "Ana Pereira": (11, -60, -2),
    "Karim B.": (12, 2, 90),
    "Lucie Petit": (7, -3, 90),
}


def _seed(site: Site) -> None:
    state, now = site.app.state, unix_ms()
    with state.database.writing() as db:
        organisation = places.organisation_named(db, "Emmaüs Alternatives", actor="setup", now=now)
        sites = {}
        for name, bank, label, count in (
            ("Montreuil", BANK, "Bloc de la mairie", 24),
            ("Lille", "lille-1", "Bagagerie des Hauts", 6),
        ):
            place = places.site_named(
                db, name, organisation_id=organisation.id, zone="Europe/Paris", actor="setup", now=now
            )
            sites[name] = place.id
            places.add_bank(db, bank_id=bank, site_id=place.id, name=label, actor="setup", now=now)
            places.add_lockers(db, bank, range(1, count + 1), actor="setup", now=now)
            add_controller(db, bank_id=bank, keys=_keys(), actor="setup", now=now)
        worker = add_staff(db, email=EMAIL, name="Léa Martin", password=PASSWORD, actor="setup", now=now)

        def badge(number: int, label: str) -> str:
            return register_badge(
                db,
                state.keystore,
                site_id=sites["Montreuil"],
                number=f"em4100:62E30800{number:02X}",
                label=label,
                actor="setup",
                now=now,
            ).id

        site.stock = [badge(number, f"A-{number}") for number in (20, 21, 22)]
        today = local_day("Europe/Paris", now)
        for number, (name, (locker, first, last)) in enumerate(HELD.items()):
            person = add_person(db, organisation_id=organisation.id, name=name, actor="setup", now=now)
            site.people[name], site.badges[name] = person.id, badge(100 + number, f"M-{number + 1:02}")
            site.contracts[name] = contracts.assign(
                db,
                person_id=person.id,
                bank_id=BANK,
                number=locker,
                starts_on=today + timedelta(first),
                ends_on=today + timedelta(last),
                badge_id=site.badges[name],
                actor="setup",
                now=now,
            ).id
        contracts.suspend(
            db, site.contracts["Mo Farah"], reason="incident", review_on=today + timedelta(5), actor=worker.id, now=now
        )
        record(db, "breach", now=now, bank_id=BANK, locker=2, why="revoked", late_ms=125_000)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Site]:
    """A data directory with everything in it, made once and copied for each test."""
    directory = tmp_path_factory.mktemp("seeded")
    app = one_app(Settings(data_dir=directory))
    made = Site(app)
    _seed(made)
    made.publish(applied=True)
    app.state.database.close()
    return directory, made


@pytest.fixture
def site(seeded: tuple[Path, Site], tmp_path: Path) -> Iterator[Site]:
    """The gateway, serving on a port of its own, with one bank online and one that was never heard."""
    directory, pattern = seeded
    shutil.copytree(directory, tmp_path, dirs_exist_ok=True)
    app = one_app(Settings(data_dir=tmp_path))
    made = replace(pattern, app=app)
    made.bank_beats()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # who calls before the server took it over waits
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    # The link to the broker stays unstarted: this bank speaks through the services.
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield made
    server.should_exit = True
    thread.join(10)
    listener.close()
    app.state.database.close()


class Visitor:
    """A browser without scripts: follows links and sends the forms it finds on the page."""

    def __init__(self, url: str, language: str = "en") -> None:
        self.client = httpx.Client(
            base_url=url, follow_redirects=True, headers={"accept-language": language}, timeout=30
        )
        self.page = self.client.get("/sign-in")

    def get(self, path: str) -> httpx.Response:
        """Loads a page."""
        self.page = self.client.get(path)
        return self.page

    def hidden(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that leads to `action`."""
        forms = re.findall(r"<form[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", self.page.text, re.S)
        body = next(body for found, body in forms if found == action)
        found = re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", body)
        return {name: html.unescape(value) for name, value in found}

    def send(self, action: str, **values: str) -> httpx.Response:
        """Fills in and sends that form."""
        self.page = self.client.post(action, data={**self.hidden(action), **values})
        return self.page

    def sign_in(self) -> "Visitor":
        """Signs in as the seeded worker."""
        self.send("/sign-in", email=EMAIL, password=PASSWORD)
        assert self.page.url.path == "/", self.page.text
        return self


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    """Someone signed in, without scripts, in English."""
    made = Visitor(site.url).sign_in()
    yield made
    made.client.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(site: Site, browser: Browser) -> Iterator[OpenPage]:
    """Opens a tab, signed in; an error in its console fails the test, unless requests in it `may_fail`."""
    contexts, problems = [], []

    def make(
        path: str = "/", *, width: int = 1280, language: str = "en", dark: bool = False, may_fail: bool = False
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=language, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" and not may_fail else None)
        page.goto(site.url + "/sign-in")
        page.fill("#email", EMAIL)
        page.fill("#password", PASSWORD)
        page.click("main form button")
        page.wait_for_url(site.url + "/")
        if path != "/":
            page.goto(site.url + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not problems
