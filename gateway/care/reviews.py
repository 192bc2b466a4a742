"""Reviews: opened by the missed contacts themselves or by someone who asks, decided by people.

A decision here is a note of what was decided. Suspending or ending a contract is done at the contract, by a person.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import files, repository, standing
from gateway.care.cadence import Call
from gateway.care.codes import ReviewDecision, ReviewWhy
from gateway.care.models import Review
from gateway.care.standing import Standing
from gateway.db import new_id
from gateway.errors import InvalidError
from gateway.paging import PAGE_SIZE, Page, page_of


def ask(session: Session, person_id: str, *, why: ReviewWhy = ReviewWhy.ASKED, actor: str, now: int) -> Review:
    """Someone wants a review; asking while one is open changes nothing.

    Raises NotFoundError (`person`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    present = open_review(session, person_id)
    if present is not None:
        return present
    found = standing.of_person(session, person_id, now=now)
    review = _review(person_id, found, why, actor, now)
    session.add(review)
    session.flush()
    audit.record(session, actor=actor, action="review_asked", subject=person_id, now=now, review=review.id)
    return review


def decide(
    session: Session,
    person_id: str,
    decision: ReviewDecision,
    *,
    note: str | None = None,
    next_on: date | None = None,
    actor: str,
    now: int,
) -> Review:
    """What was decided, and perhaps the day on which to look again after today.

    Raises NotFoundError (`person`), InvalidError (`next_on`, `note`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    if next_on is not None and next_on <= repository.today(session, now):
        raise InvalidError("next_on", "the next review is on a day after today")
    review = open_review(session, person_id)
    if review is None:
        found = standing.of_person(session, person_id, now=now)
        missed = found is not None and found.due.call is Call.REVIEW
        review = _review(person_id, found, ReviewWhy.MISSED_CONTACTS if missed else ReviewWhy.ASKED, None, now)
        session.add(review)
    review.decision, review.note, review.next_on = decision.value, files.note(note), next_on
    review.decided_at, review.decided_by = now, actor
    session.flush()
    audit.record(
        session, actor=actor, action="review_decided", subject=person_id, now=now, review=review.id,
        decision=decision.value,
    )  # fmt: skip
    return review


def open_review(session: Session, person_id: str) -> Review | None:
    """The review someone asked for and nobody has decided yet."""
    return session.scalar(select(Review).where(Review.person_id == person_id, Review.decided_at.is_(None)))


def list_reviews(session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[Review]:
    """A person's reviews, in the order of their making."""
    return page_of(session, select(Review).where(Review.person_id == person_id), Review.id, after=after, limit=limit)


def reviews_due(session: Session, site_id: str, *, now: int) -> Sequence[Standing]:
    """People of the site about whom someone should decide now. Raises NotFoundError with code `site`."""
    return [one for one in standing.of_site(session, site_id, now=now) if one.due.call is Call.REVIEW]


def _review(person_id: str, found: Standing | None, why: ReviewWhy, opened_by: str | None, now: int) -> Review:
    return Review(
        id=new_id(now),
        person_id=person_id,
        contract_id=found.contract_id if found else None,
        why=why.value,
        missed=found.due.missed if found else 0,
        since=now,
        opened_by=opened_by,
    )
