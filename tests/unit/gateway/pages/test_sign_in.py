"""Signing in where more than one tab, or more than one person, is at the same browser."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.staff import service as accounts
from gateway.staff.attempts import Attempts
from gateway.staff.models import SignIn, Staff
from tests.unit.gateway.pages.conftest import Browser, Office, TestClient
from tests.unit.gateway.town import NOON

PASSWORD = "un mot de passe long"


@pytest.fixture
def stranger(office: Office) -> Iterator[Browser]:
    """Nobody is signed in yet; Nora and Omar have accounts."""
    office.app.state.attempts = Attempts()
    with office.database.writing() as session:
        for name in ("nora", "omar"):
            accounts.add_staff(
                session, email=f"{name}@example.org", name=name, password=accounts._passwords.hash(PASSWORD), actor="t",
                now=NOON,
            )  # fmt: skip
    client = TestClient(office.app)
    client.cookies.set("casier_language", "en")
    yield Browser(client, "")
    client.close()


def tab(stranger: Browser) -> dict[str, str]:
    """The sign-in form as another tab shows it."""
    stranger.get("/sign-in?next=/more")
    return stranger.form("/sign-in")


def sign_in(stranger: Browser, shown: dict[str, str], name: str) -> int:
    said = {**shown, "email": f"{name}@example.org", "password": PASSWORD}
    return int(stranger.client.post("/sign-in", data=said, follow_redirects=False).status_code)


def open_sessions(office: Office) -> list[str]:
    """The names of those who are signed in somewhere."""
    with office.database.reading() as session:
        found = session.scalars(select(SignIn.staff_id).where(SignIn.ended_at.is_(None)))
        return [accounts.staff_of(session, one).name for one in found]


def test_a_second_tab_that_still_shows_the_sign_in_form_signs_in_too(office: Office, stranger: Browser) -> None:
    one, two = tab(stranger), tab(stranger)
    assert sign_in(stranger, one, "nora") == 303
    stranger.get("/more")
    written = stranger.form("/sign-out")["csrf"]
    assert sign_in(stranger, two, "nora") == 303
    # What is open in the first tab can still be sent.
    stranger.get("/more")
    assert stranger.form("/sign-out")["csrf"] == written
    assert open_sessions(office) == ["nora"]


def test_whoever_signs_in_at_another_s_browser_ends_that_one_s_sign_in(office: Office, stranger: Browser) -> None:
    one, two = tab(stranger), tab(stranger)
    assert [sign_in(stranger, one, "nora"), sign_in(stranger, two, "omar")] == [303, 303]
    assert open_sessions(office) == ["omar"]


def test_the_sign_in_form_of_another_browser_is_refused(stranger: Browser) -> None:
    shown = {**tab(stranger), "csrf": "0" * 64}
    assert sign_in(stranger, shown, "nora") == 422


def test_a_password_replaced_while_someone_signs_in_with_the_old_one_lets_nobody_in(
    office: Office, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking is slow on purpose: whoever knows the old one and tries all the time is always on the way in."""
    check = accounts.authenticate

    def replaced_meanwhile(session: Session, email: str, password: str) -> Staff:
        found = check(session, email, password)
        with office.database.writing() as other:
            accounts.set_password(other, found.id, "another long password", actor="t", now=NOON)
        return found

    monkeypatch.setattr(accounts, "authenticate", replaced_meanwhile)
    assert sign_in(stranger, tab(stranger), "nora") == 422
    assert open_sessions(office) == []
