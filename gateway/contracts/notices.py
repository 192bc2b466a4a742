"""Messages for people without a phone: the door opens and the light says that one waits, until a worker gave it."""

from sqlalchemy.orm import Session

from gateway.contracts import codes
from gateway.contracts.holders import people_on
from gateway.contracts.models import Notice
from gateway.contracts.service import open_decision
from gateway.contracts.states import Action
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError


def leave(
    session: Session, contract_id: str, *, why: str, text: str | None = None, person_id: str | None = None, actor: str,
    now: int, seen: int | None = None,
) -> Notice:  # fmt: skip
    """Leaves a message for one of the contract's people, or for both; `text` is what staff will say.

    Raises InvalidError (`why`, `person`), ConflictError (`transition`).
    """
    codes.checked(codes.NoticeWhy, why, "why")
    decision = open_decision(session, contract_id, Action.LEAVE_NOTICE, actor=actor, now=now, seen=seen)
    contract = decision.contract
    if person_id is not None and person_id not in {one.person_id for one in people_on(contract, now)}:
        raise InvalidError("person", "a message is for someone who is on the contract")
    notice = Notice(
        id=new_id(now), contract_id=contract.id, person_id=person_id, why=why, text=text or None, left_by=actor,
        left_at=now,
    )  # fmt: skip
    contract.notices.append(notice)
    decision.done("notice_left", reason=why)
    return notice


def give(session: Session, notice_id: str, *, actor: str, now: int, seen: int | None = None) -> Notice:
    """The message was given: the light is the usual one again; again changes nothing.

    Raises NotFoundError (`notice`), ConflictError (`transition`).
    """
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFoundError("notice", "no such message")
    if notice.given_at is not None:
        return notice
    decision = open_decision(session, notice.contract_id, Action.GIVE_NOTICE, actor=actor, now=now, seen=seen)
    notice.given_at, notice.given_by = now, actor
    decision.done("notice_given", reason=notice.why)
    return notice
