"""Accounts, sign-in, tokens: secrets are hashes, refusals say nothing, guessing is slow."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from limits import RateLimitItemPerSecond
from sqlalchemy import select

from gateway.audit import service as audit
from gateway.db import Database
from gateway.errors import ConflictError, InvalidError, NotFoundError, SignInError, TooManyAttemptsError
from gateway.staff import attempts as attempts_of
from gateway.staff import closing, service
from gateway.staff.attempts import Attempts
from gateway.staff.models import ApiToken, SignIn, Staff
from tests.unit.gateway.town import DAY, NOON

PASSWORD = "correct horse battery"


@pytest.fixture
def staff(database: Database) -> Staff:
    with database.writing() as session:
        return service.add_staff(
            session, email=" Nadia@Example.org", name="Nadia", password=PASSWORD, actor="t", now=NOON
        )


def test_the_right_password_signs_in_whatever_the_address_s_case(database: Database, staff: Staff) -> None:
    with database.reading() as session:
        assert service.authenticate(session, "NADIA@example.ORG ", PASSWORD).id == staff.id
        assert staff.password_hash.startswith("$argon2")


@pytest.mark.parametrize(("email", "password"), [("nadia@example.org", "wrong"), ("nobody@example.org", PASSWORD)])
def test_a_refusal_does_not_say_what_was_wrong(database: Database, staff: Staff, email: str, password: str) -> None:
    with pytest.raises(SignInError) as refused, database.reading() as session:
        service.authenticate(session, email, password)
    assert (refused.value.code, refused.value.text) == ("sign_in", "e-mail address or password is not right")


def test_a_sign_in_lasts_until_it_ends_expires_or_the_account_is_disabled(database: Database, staff: Staff) -> None:
    with database.writing() as session:
        first, second = (service.open_sign_in(session, staff.id, now=NOON) for _ in range(2))
        assert first.token not in {row.token_hash for row in session.scalars(select(SignIn))}
    with database.writing() as session:
        who = service.signed_in(session, first.token, now=NOON)
        assert (who.staff_id, who.csrf_token) == (staff.id, first.csrf_token)
        assert service.same_csrf_token(who, first.csrf_token)
        assert not service.same_csrf_token(who, second.csrf_token)
        service.close_sign_in(session, first.token, now=NOON)
    with database.reading() as session:
        for token, now in ((first.token, NOON), (second.token, NOON + DAY), ("x", NOON)):
            with pytest.raises(SignInError):
                service.signed_in(session, token, now=now)
        service.signed_in(session, second.token, now=NOON + 1)
    with database.writing() as session:
        closing.close_account(session, staff.id, actor="t", now=NOON)
    with pytest.raises(SignInError), database.reading() as session:
        service.signed_in(session, second.token, now=NOON)
    with pytest.raises(SignInError), database.reading() as session:
        service.authenticate(session, staff.email, PASSWORD)


def test_a_token_acts_as_its_owner_until_it_is_revoked(database: Database, staff: Staff) -> None:
    with database.writing() as session:
        token = service.add_token(session, staff.id, "script", actor="t", now=NOON)
        row = session.scalars(select(ApiToken)).one()
        assert token not in row.token_hash
        assert service.token_holder(session, token).staff_id == staff.id
        service.revoke_token(session, row.id, actor="t", now=NOON)
    with pytest.raises(SignInError), database.reading() as session:
        service.token_holder(session, token)


def test_who_revoked_a_token_is_on_record_once(database: Database, staff: Staff) -> None:
    with database.writing() as session:
        service.add_token(session, staff.id, "script", actor="t", now=NOON)
        [(token, holder)] = service.tokens(session)
        assert holder.id == staff.id
        for actor, now in (("lea", NOON + 1), ("omar", NOON + 2)):
            service.revoke_token(session, token.id, actor=actor, now=now)
        assert token.revoked_at == NOON + 1
        revoked = [row for row in audit.trail(session, token.id) if row.action == "token_revoked"]
        assert [(row.actor, row.at) for row in revoked] == [("lea", NOON + 1)]
        with pytest.raises(NotFoundError):
            service.revoke_token(session, "none", actor="lea", now=NOON)


def test_a_sign_in_by_a_clock_that_was_ahead_is_over_once_the_clock_is_right(database: Database, staff: Staff) -> None:
    with database.writing() as session:
        opened = service.open_sign_in(session, staff.id, now=NOON + 100 * 86_400_000)
        for now in (NOON, NOON + 99 * 86_400_000):
            with pytest.raises(SignInError):
                service.signed_in(session, opened.token, now=now)
        # The machine beside it may be a moment behind.
        service.signed_in(session, opened.token, now=NOON + 100 * 86_400_000 - 30_000)


def test_a_new_password_ends_every_sign_in(database: Database, staff: Staff) -> None:
    with database.writing() as session:
        opened = service.open_sign_in(session, staff.id, now=NOON)
    with database.writing() as session:
        service.set_password(session, staff.id, "another long password", actor="t", now=NOON)
    with pytest.raises(SignInError), database.reading() as session:
        service.signed_in(session, opened.token, now=NOON)


def test_one_account_an_address(database: Database, staff: Staff) -> None:
    with pytest.raises(ConflictError), database.writing() as session:
        service.add_staff(session, email="nadia@example.org", name="N", password=PASSWORD, actor="t", now=NOON)


@pytest.mark.parametrize(
    "wrong", [{"email": "nadia"}, {"email": "a@b c"}, {"password": "short"}, {"password": "x" * 201}, {"role": "king"}]
)
def test_what_cannot_be_an_account_is_refused(database: Database, wrong: dict[str, str]) -> None:
    given = {"email": "a@example.org", "name": "A", "password": PASSWORD, **wrong}
    with pytest.raises(InvalidError), database.writing() as session:
        service.add_staff(session, **given, actor="t", now=NOON)


def test_guessing_is_slowed_down_by_account_and_forgotten_when_right() -> None:
    attempts = Attempts()
    for _ in range(10):
        attempts.count("nadia@example.org", "192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        attempts.count(" NADIA@example.org", "192.0.2.9")
    attempts.forget("nadia@example.org")
    attempts.count("nadia@example.org", "192.0.2.1")


@pytest.fixture
def patient_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that checks any number of passwords in a second: what is left are the two other limits."""
    monkeypatch.setattr(attempts_of, "OVERALL", RateLimitItemPerSecond(10_000))


@pytest.mark.usefixtures("patient_machine")
def test_an_address_that_has_to_wait_keeps_nobody_else_from_their_account() -> None:
    attempts = Attempts()
    for number in range(60):
        attempts.count(f"{number}@example.org", "192.0.2.1")
    for _ in range(10):
        with pytest.raises(TooManyAttemptsError):
            attempts.count("nadia@example.org", "192.0.2.1")
    attempts.count("nadia@example.org", "192.0.2.2")


@pytest.mark.usefixtures("patient_machine")
def test_accounts_and_addresses_that_were_tried_long_ago_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_of, "KEYS_KEPT", 100)
    attempts = Attempts()
    with time_machine.travel(datetime(2026, 6, 15, tzinfo=UTC), tick=False) as traveller:
        for number in range(400):
            if number % 50 == 0:
                traveller.shift(timedelta(minutes=16))
            attempts.count(f"{number}@example.org", f"192.0.2.{number // 50}")
    # Those of the last quarter of an hour, and of twice as many as were left at the last look.
    assert len(attempts._storage.events) < 200


def test_while_all_have_to_wait_nothing_is_kept_of_who_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_of, "OVERALL", RateLimitItemPerSecond(20, 3_600))
    attempts = Attempts()
    for number in range(20):
        attempts.count(f"{number}@example.org", "192.0.2.1")
    kept = len(attempts._storage.events)
    for number in range(50):
        with pytest.raises(TooManyAttemptsError):
            attempts.count(f"more{number}@example.org", f"192.0.2.{number}")
    assert len(attempts._storage.events) == kept


@pytest.mark.usefixtures("patient_machine")
def test_guessing_from_many_addresses_of_one_ipv6_network_is_guessing_from_one() -> None:
    attempts = Attempts()
    for number in range(60):
        attempts.count(f"{number}@example.org", f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttemptsError):
        attempts.count("nadia@example.org", "2001:db8::ffff:1")
    for elsewhere in ("2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1", "testclient", ""):
        attempts.count("nadia@example.org", elsewhere)
