"""Support given, act by act, and snapshots of how things stood at entry and exit."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import String, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care import codes, files
from gateway.care.codes import Certainty, Moment, SupportKind
from gateway.care.models import Snapshot, SupportAct
from gateway.care.waiting_models import Partner
from gateway.contracts.models import Contract, Party
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.paging import PAGE_SIZE, Page, page_of
from gateway.prepared import Prepared

_PERSON, _CONTRACT = bindparam("person", type_=String()), bindparam("contract", type_=String())
# Made once: they are asked with each contract.
_THEIRS = Prepared(
    select(Contract.id).where(
        Contract.id == _CONTRACT,
        or_(
            Contract.person_id == _PERSON,
            exists().where(Party.contract_id == Contract.id, Party.person_id == _PERSON),
        ),
    )
)
_TAKEN = Prepared(
    select(Snapshot.id).where(
        Snapshot.person_id == _PERSON,
        Snapshot.moment == bindparam("moment"),
        Snapshot.contract_id.is_not_distinct_from(_CONTRACT),
    )
)
# What a snapshot may say, and in which codes.
FACTS: Mapping[str, type[StrEnum]] = {
    "identity_papers": codes.IdentityPapers,
    "residence": codes.Residence,
    "health_cover": codes.HealthCover,
    "income": codes.Income,
    "work": codes.Work,
    "address": codes.Address,
    "street_time": codes.StreetTime,
}


def record_support(
    session: Session,
    person_id: str,
    kind: SupportKind,
    *,
    at: int | None = None,
    note: str | None = None,
    contract_id: str | None = None,
    partner_id: str | None = None,
    certainty: Certainty = Certainty.STATED,
    actor: str,
    now: int,
) -> SupportAct:
    """One act of support, perhaps given by a partner.

    Raises NotFoundError (`person`, `contract`, `partner`), InvalidError (`note`, `at`), ConflictError (`erased`).
    """
    organisation_id = files.open_file(session, person_id)
    _require_theirs(session, person_id, contract_id)
    partner = session.get(Partner, partner_id) if partner_id else None
    if partner_id and (partner is None or partner.organisation_id != organisation_id):
        raise NotFoundError("partner", "no such partner")
    act = SupportAct(
        id=new_id(now),
        person_id=person_id,
        contract_id=contract_id,
        partner_id=partner_id,
        kind=kind.value,
        at=files.happened(at, now),
        certainty=certainty.value,
        note=files.note(note),
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(act)
    session.flush()
    audit.record(
        session, actor=actor, action="support_recorded", subject=person_id, now=now, support=act.id, kind=kind.value
    )
    return act


def withdraw_support(session: Session, support_id: str, *, actor: str, now: int) -> SupportAct:
    """It was written by mistake and counts no more; withdrawing again changes nothing. Raises NotFoundError."""
    act = session.get(SupportAct, support_id)
    if act is None:
        raise NotFoundError("support", "no such act of support")
    if act.withdrawn_at is None:
        act.withdrawn_at, act.withdrawn_by = now, actor
        session.flush()
        audit.record(session, actor=actor, action="support_withdrawn", subject=act.person_id, now=now, support=act.id)
    return act


def list_support(
    session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[SupportAct]:
    """What was given and counts, in the order of its writing."""
    query = select(SupportAct).where(SupportAct.person_id == person_id, SupportAct.withdrawn_at.is_(None))
    return page_of(session, query, SupportAct.id, after=after, limit=limit)


def take_snapshot(
    session: Session,
    person_id: str,
    moment: Moment,
    facts: Mapping[str, str | None],
    *,
    contract_id: str | None = None,
    at: int | None = None,
    certainty: Certainty = Certainty.STATED,
    actor: str,
    now: int,
) -> Snapshot:
    """How things stood: any of FACTS, in their codes. Taken again, it replaces what is named and keeps the rest.

    Raises NotFoundError (`person`, `contract`), InvalidError (`fact`, `at`), ConflictError (`erased`).
    """
    files.open_file(session, person_id)
    _require_theirs(session, person_id, contract_id)
    checked = {name: _coded(name, value) for name, value in facts.items()}
    snapshot = _snapshot(session, person_id, moment, contract_id)
    if snapshot is None:
        snapshot = Snapshot(id=new_id(now), person_id=person_id, contract_id=contract_id, moment=moment.value)
        session.add(snapshot)
        snapshot.at = files.happened(at, now)
    elif at is not None:
        snapshot.at = files.happened(at, now)
    for name, value in checked.items():
        setattr(snapshot, name, value)
    snapshot.certainty, snapshot.recorded_by, snapshot.recorded_at = certainty.value, actor, now
    audit.record(
        session, actor=actor, action="snapshot_taken", subject=person_id, now=now, moment=moment.value,
        facts=sorted(checked),
    )  # fmt: skip
    return snapshot


def list_snapshots(
    session: Session, person_id: str, *, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[Snapshot]:
    """A person's snapshots, in the order of their making."""
    return page_of(
        session, select(Snapshot).where(Snapshot.person_id == person_id), Snapshot.id, after=after, limit=limit
    )


def _snapshot(session: Session, person_id: str, moment: Moment, contract_id: str | None) -> Snapshot | None:
    session.flush()  # the question below does not see what is pending
    values = {"person": person_id, "moment": moment.value, "contract": contract_id}
    found = _TAKEN.first(session.connection(), values)
    return None if found is None else session.get_one(Snapshot, found[0])


def _coded(name: str, value: str | None) -> str | None:
    kind = FACTS.get(name)
    if kind is None:
        raise InvalidError("fact", f"unknown fact {name[:40]!r}; known: {', '.join(FACTS)}")
    if value is not None and value not in set(kind):
        raise InvalidError("fact", f"unknown {name} {value[:40]!r}; known: {', '.join(kind)}")
    return value


def _require_theirs(session: Session, person_id: str, contract_id: str | None) -> None:
    if contract_id is None:
        return
    session.flush()  # the question below does not see what is pending
    if not _THEIRS.run(session.connection(), {"person": person_id, "contract": contract_id}):
        raise NotFoundError("contract", "this person has no such contract")
