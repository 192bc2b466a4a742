"""What an erased file left open is closed there without a word: nothing would ever erase the words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway.badges import service as badges
from gateway.badges.replacing import recognise
from gateway.care import offers, progress, waiting
from gateway.care.codes import AttemptResult, ContactKind, Source, StepResult, Topic
from gateway.contracts import service as contracts
from gateway.errors import ConflictError
from gateway.incidents import exclusions
from gateway.incidents.codes import AppealBy, AppealOutcome, IncidentKind
from gateway.loans import conditions, members, projects
from gateway.loans.codes import Outcome, ProjectKind
from gateway.money import service as money
from gateway.money.codes import ForgivenReason, Kind
from gateway.privacy import erasure
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from gateway.staff.service import add_staff
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

LATER: dict[str, Any] = {"actor": "test", "now": NOON + 1000 * DAY}


@dataclass
class Left:
    """What is still open in an erased file."""

    badge: str
    draft: str
    offer: str
    step: str
    decider: str
    appeal: str
    claim: str
    member: str
    condition: str


@pytest.fixture
def left(town: Town) -> Left:
    nadia, badge, by = town.person("Nadia"), town.badge(), {"actor": "test", "now": NOON}
    draft = town.assign(nadia, draft=True)
    with town.writing() as session:
        lea = add_staff(
            session, email="lea@example.org", name="Léa", password="un mot de passe long", **by
        ).id  # fmt: skip
        places, tools = (
            schemes.add_scheme(
                session, organisation_id=town.organisation_id, service=one, name=f"Our {one.value}", **by
            )
            for one in (Service.LOCKERS, Service.TOOLS)
        )
        badges.give(session, badge.id, person_id=nadia.id, site_id=town.site_id, **by)
        entry = waiting.add_to_list(session, nadia.id, waiting.Wait(places.id, Source.OUTREACH_ROUND), **by)
        offer = offers.make_offer(session, entry.id, **by)
        step = progress.agree_step(session, nadia.id, topic=Topic.HEALTH, **by)
        kept_away = exclusions.exclude(
            session, person_id=nadia.id, site_id=town.site_id, from_on=TODAY, until_on=TODAY,
            reason=IncidentKind.OTHER, actor=lea, now=NOON,
        )  # fmt: skip
        appeal = exclusions.appeal(session, kept_away.id, made_by=AppealBy.PERSON, actor=lea, now=NOON)
        claim = money.open_claim(session, person_id=nadia.id, kind=Kind.ADVANCE, cents=900, **by)
        money.receive(session, claim.id, cents=300, **by)
        member = members.join(session, person_id=nadia.id, scheme_id=tools.id, site_id=town.site_id, **by)
        condition = member.terms.conditions[0].code
    with town.writing() as session:
        erasure.erase(session, nadia.id, **LATER)
    return Left(
        badge.id, draft.id, offer.id, step.id, lea, appeal.id, claim.id, member.id, condition
    )  # fmt: skip


Close = Callable[[Session, Left, str | None], object]
CLOSED: dict[str, Close] = {
    "recognition": lambda session, left, note: recognise(session, left.badge, how="answers", note=note, **LATER),
    "step": lambda session, left, note: progress.close_step(
        session, left.step, StepResult.OBTAINED, note=note, **LATER
    ),
    "appeal": lambda session, left, note: exclusions.decide(
        session, left.appeal, outcome=AppealOutcome.LIFTED, text=note, actor=left.decider, now=LATER["now"]
    ),
    "received": lambda session, left, note: money.receive(session, left.claim, note=note, **LATER),
    "refunded": lambda session, left, note: money.refund(session, left.claim, note=note, **LATER),
    "forgiven": lambda session, left, note: money.forgive(
        session, left.claim, reason=ForgivenReason.HARDSHIP, note=note, **LATER
    ),
    "draft": lambda session, left, note: contracts.end(
        session, left.draft, reason="other", how=contracts.How(note=note), **LATER
    ),
    "condition": lambda session, left, note: conditions.decide(
        session, members.membership_of(session, left.member), None, left.condition, Outcome.MET, note=note, **LATER
    ),
}


@pytest.mark.parametrize("close", CLOSED.values(), ids=CLOSED)
def test_what_an_erased_file_left_open_is_closed_without_a_word(town: Town, left: Left, close: Close) -> None:
    with town.writing() as session, pytest.raises(ConflictError, match="file was erased"):
        close(session, left, "with Nadia")
    with town.writing() as session:
        close(session, left, None)


def test_an_offer_to_an_erased_file_is_over_and_takes_no_attempt(town: Town, left: Left) -> None:
    for note in ("with Nadia", None):
        with town.writing() as session, pytest.raises(ConflictError, match="withdrawn already"):
            offers.record_attempt(
                session, left.offer, kind=ContactKind.PHONED, result=AttemptResult.NOT_REACHED, note=note, **LATER
            )


def test_a_membership_of_an_erased_file_is_not_renewed_and_takes_no_project(town: Town, left: Left) -> None:
    with town.writing() as session, pytest.raises(ConflictError, match="file was erased"):
        members.renew(session, left.member, ends_on=date(2030, 1, 1), **LATER)
    with town.writing() as session, pytest.raises(ConflictError, match="file was erased"):
        projects.add_project(
            session, membership_id=left.member, kind=ProjectKind.PAINTING, title="Nadia's kitchen", asked_on=TODAY,
            **LATER,
        )  # fmt: skip
