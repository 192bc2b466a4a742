"""What leaves on a granted police request: exactly its people, its kinds of data and its time; no note, no digest."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.badges.models import Badge
from gateway.contracts.models import Contract, Holding, Party
from gateway.db import new_id
from gateway.errors import ConflictError
from gateway.events.models import Event
from gateway.incidents.codes import Asked
from gateway.incidents.models import Exclusion, Incident, IncidentPerson
from gateway.incidents.police import request_of
from gateway.incidents.request_models import PoliceExport, PoliceRequest
from gateway.people.models import OtherName
from gateway.people.service import person_of
from wire.entries import EntryType

Rows = list[dict[str, Any]]


class _Body(msgspec.Struct):
    digest: str = ""


class _Line(msgspec.Struct):
    body: _Body


_line = msgspec.json.Decoder(_Line)


def hand_out(session: Session, request_id: str, *, actor: str, now: int) -> tuple[PoliceExport, bytes]:
    """The JSON that leaves, and the record of its leaving: rows and SHA-256. Each handing out is one record.

    Raises NotFoundError (`police_request`), ConflictError (`not_granted`).
    """
    request = request_of(session, request_id, actor=actor)
    if not request.granted:
        raise ConflictError("not_granted", "nobody has granted this request: decide it first")
    people = {one.person_id: _of_person(session, request, one.person_id) for one in request.subjects}
    content = msgspec.json.encode(
        {
            "request": request.id,
            "legal_basis": request.legal_basis,
            "scope": list(request.scope),
            "from": request.from_at,
            "until": request.until_at,
            "made_at": now,
            "people": people,
        }
    )
    made = PoliceExport(
        id=new_id(now), rows=sum(len(rows) for kinds in people.values() for rows in kinds.values()),
        sha256=hashlib.sha256(content).hexdigest(), made_by=actor, made_at=now,
    )  # fmt: skip
    request.handed_out.append(made)
    session.flush()
    audit.record(
        session, actor=actor, action="police_export", subject=request.id, now=now, export=made.id, rows=made.rows,
        sha256=made.sha256,
    )  # fmt: skip
    return made, content


def _of_person(session: Session, request: PoliceRequest, person_id: str) -> dict[str, Rows]:
    return {kind: _KINDS[Asked(kind)](session, request, person_id) for kind in request.scope}


def _identity(session: Session, _request: PoliceRequest, person_id: str) -> Rows:
    person = person_of(session, person_id)
    others = session.scalars(select(OtherName).where(OtherName.person_id == person_id).order_by(OtherName.id))
    names = [{"kind": "chosen", "name": person.name}, *({"kind": one.kind, "name": one.name} for one in others)]
    return [] if person.erased_at is not None else names


def _held(session: Session, request: PoliceRequest, person_id: str) -> list[Contract]:
    on_it = and_(
        Party.person_id == person_id,
        Party.from_at < request.until_at,
        or_(Party.until_at.is_(None), Party.until_at > request.from_at),
    )
    query = select(Contract).where(
        Contract.id.in_(select(Party.contract_id).where(on_it)),
        Contract.signed_at.is_not(None),
        Contract.from_at < request.until_at,
        Contract.collect_until > request.from_at,
    )
    found = session.scalars(query.order_by(Contract.from_at, Contract.id)).unique().all()
    return [one for one in found if any(h.locker.bank.site_id == request.site_id for h in one.holdings)]


def _contracts(session: Session, request: PoliceRequest, person_id: str) -> Rows:
    """From while they were on each: what one of a couple has once they parted is the other's alone."""
    return [
        {
            "contract": contract.id,
            "from": max(contract.from_at, party.from_at),
            "until": contract.until_at if party.until_at is None else min(contract.until_at, party.until_at),
            "lockers": [
                {"block": held.locker.bank_id, "number": held.locker.number, "from": start, "until": end}
                for held, start, end in _had(contract, party)
                if held.locker.bank.site_id == request.site_id
                and start < min(request.until_at, end)
                and end > request.from_at
            ],
        }
        for contract in _held(session, request, person_id)
        for party in contract.parties
        if party.person_id == person_id
        and party.from_at < request.until_at
        and (party.until_at is None or max(party.from_at, request.from_at) < party.until_at)
    ]


def _had(contract: Contract, party: Party) -> Iterator[tuple[Holding, int, int]]:
    """Each hold of the contract, and from when until when this one of its people had it."""
    for held in contract.holdings:
        parted = held.until_at if party.until_at is None else party.until_at
        yield held, max(held.from_at, party.from_at), min(held.until_at, parted)


def _badges_of(session: Session, request: PoliceRequest, person_id: str) -> list[Badge]:
    query = select(Badge).where(
        Badge.person_id == person_id,
        Badge.site_id == request.site_id,
        Badge.given_at < request.until_at,
        or_(Badge.revoked_at.is_(None), Badge.revoked_at > request.from_at),
    )
    return list(session.scalars(query.order_by(Badge.given_at, Badge.id)))


def _badges(session: Session, request: PoliceRequest, person_id: str) -> Rows:
    return [
        {"badge": one.id, "label": one.label, "given": one.given_at, "revoked": one.revoked_at}
        for one in _badges_of(session, request, person_id)
    ]


def _openings(session: Session, request: PoliceRequest, person_id: str) -> Rows:
    """Releases in the time asked for, by a badge while it was this person's, at a locker while it was theirs too.

    A card that came back is given to someone else, and so is a locker: neither's digest nor number says whose it was.
    """
    badges = _badges_of(session, request, person_id)
    rows: Rows = []
    for (bank_id, number), spans in sorted(_doors(session, request, person_id).items()):
        events = session.scalars(
            select(Event)
            .where(
                Event.bank_id == bank_id,
                Event.locker == number,
                Event.kind == EntryType.RELEASE_INTENDED,
                Event.at >= request.from_at,
                Event.at < request.until_at,
            )
            .order_by(Event.id)
        )
        for event in events:
            badge = _shown(event, badges) if any(start <= event.at < end for start, end in spans) else None
            if badge is not None:
                rows.append({"at": event.at, "block": bank_id, "number": number, "badge": badge.label})
    return sorted(rows, key=lambda row: row["at"])


def _doors(session: Session, request: PoliceRequest, person_id: str) -> Mapping[tuple[str, int], list[tuple[int, int]]]:
    """When each locker was theirs: held by a contract while they were on it."""
    doors: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for contract in _held(session, request, person_id):
        for party in contract.parties:
            for held, start, end in _had(contract, party) if party.person_id == person_id else ():
                doors[held.locker.bank_id, held.locker.number].append((start, end))
    return doors


def _shown(event: Event, badges: Sequence[Badge]) -> Badge | None:
    """The one of these badges that was presented; of one digest only the badge that was given at that moment."""
    digest = _line.decode(event.line).body.digest if event.line else None
    return next(
        (
            badge
            for badge in badges
            if badge.digest == digest
            and (badge.given_at is not None and badge.given_at <= event.at)
            and (badge.revoked_at is None or event.at < badge.revoked_at)
        ),
        None,
    )


def _incidents(session: Session, request: PoliceRequest, person_id: str) -> Rows:
    query = (
        select(Incident.id, Incident.at, Incident.kind, IncidentPerson.part)
        .join(IncidentPerson, IncidentPerson.incident_id == Incident.id)
        .where(
            IncidentPerson.person_id == person_id,
            Incident.site_id == request.site_id,
            Incident.at >= request.from_at,
            Incident.at < request.until_at,
        )
    )
    return [
        {"incident": one.id, "at": one.at, "kind": one.kind, "part": one.part}
        for one in session.execute(query.order_by(Incident.at, Incident.id))
    ]


def _exclusions(session: Session, request: PoliceRequest, person_id: str) -> Rows:
    query = select(Exclusion).where(
        Exclusion.person_id == person_id,
        Exclusion.site_id == request.site_id,
        Exclusion.from_at < Exclusion.until_at,
        Exclusion.from_at < request.until_at,
        Exclusion.until_at > request.from_at,
    )
    return [
        {"exclusion": one.id, "from": one.from_at, "until": one.until_at, "reason": one.reason}
        for one in session.scalars(query.order_by(Exclusion.from_at, Exclusion.id))
    ]


_KINDS: Mapping[Asked, Callable[[Session, PoliceRequest, str], Rows]] = {
    Asked.IDENTITY: _identity,
    Asked.CONTRACTS: _contracts,
    Asked.BADGES: _badges,
    Asked.OPENINGS: _openings,
    Asked.INCIDENTS: _incidents,
    Asked.EXCLUSIONS: _exclusions,
}
