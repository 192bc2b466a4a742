"""Accounts of staff are closed and their work handed on; whoever acts all the same, or is left alone, is found."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.badges import service as badges
from gateway.care import looking_after
from gateway.errors import SignInError
from gateway.staff import closing, service
from gateway.staff.models import ApiToken, SignIn, Staff
from simulator.world.lives.staff import Tempo
from tests.simulation.faulty_town import FaultyTown, faulty_town


def _town() -> AbstractContextManager[FaultyTown]:
    return faulty_town(11, banks=2, lockers=6, tempo=Tempo(acts_a_day=6, term_days=60))


def _closes(town: FaultyTown, days: int = 8, until: str = "") -> set[str]:
    """Staff come and go, until that is found."""
    for _ in range(days):
        for _ in range(12):
            town.town.errands.closing.go_on()
            town.hours(1)
            town.town.errands.answer()
            town.hours(1)
        town.world.violations += town.town.judge(town.world.now_ms)
        if any(violation.invariant == until for violation in town.world.violations):
            break
    return {violation.invariant for violation in town.world.violations}


@pytest.fixture(scope="module")
def closed() -> Iterator[FaultyTown]:
    with _town() as town:
        assert _closes(town) == set(), town.world.violations
        yield town


def test_accounts_are_closed_and_whoever_had_them_comes_in_no_way(closed: FaultyTown) -> None:
    counts = closed.town.counts
    done = {"close_account: done", "hire: done", "sign_in: done"}
    refused = {"come_by_browser: signed_out", "come_by_token: token", "come_by_password: sign_in"}
    named = {"close_account: looks_after", "name_closed: worker", "stand_in_closed: stand_in"}
    assert done | refused | named <= set(counts), counts


def test_what_a_closed_account_had_is_with_others(closed: FaultyTown) -> None:
    records = closed.town.records
    gone = {one.id for one in records.accounts.values() if not one.is_open}
    assert len(gone) > 5
    assert not gone & {someone.worker for someone in records.people.values()}
    assert not gone & {one for workers in records.workers.values() for one in workers}
    assert closed.town.figures_by_counting() == []


def _any_browser(session: Session, token: str, *, now: int) -> service.SignedIn:
    row = session.execute(
        select(SignIn, Staff).join(Staff).where(SignIn.token_hash == service._hash(token), SignIn.expires_at > now)
    ).first()
    if row is None:
        raise SignInError("signed_out", "sign in first")
    return service._signed_in(row.Staff, row.SignIn.csrf_token)


def _any_token(session: Session, token: str) -> service.SignedIn:
    staff = session.scalar(select(Staff).join(ApiToken).where(ApiToken.token_hash == service._hash(token)))
    if staff is None:
        raise SignInError("token", "the bearer token is not known")
    return service._signed_in(staff, None)


def _any_password(session: Session, email: str, _password: str) -> Staff:
    return session.scalars(select(Staff).where(Staff.email == email)).one()


def _named(session: Session, person_id: str, staff_id: str, **_: Any) -> Any:
    present = looking_after.named_worker(session, person_id)
    if present is not None:
        present.staff_id = staff_id
    return present


@pytest.mark.parametrize(
    ("where", "what", "planted"),
    [
        (service, "signed_in", _any_browser),
        (service, "token_holder", _any_token),
        (service, "authenticate", _any_password),
        (closing, "end_sign_ins", lambda *_: None),
        (closing, "looked_after", lambda *_: []),
        (closing, "_stood_in", lambda *_: []),
        (badges, "revoke", lambda *_, **__: None),
        (looking_after, "name_worker", _named),
    ],
)
def test_a_closed_account_that_still_acts_or_has_somebody_is_found(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str, planted: object
) -> None:
    monkeypatch.setattr(where, what, planted)
    with _town() as town:
        assert "rights" in _closes(town, until="rights")
