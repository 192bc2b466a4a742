"""Bringing a bank and a gateway with an empty or older database together again: ask, compare, let a person decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.changes import ControllersChanged, access_changed
from gateway.access.commands import Orders, order
from gateway.access.lists import build
from gateway.access.models import CarriedRevocation, CommandRecord, Controller, IssuedList, ReportedPart
from gateway.access.service import controller_of
from gateway.audit import service as audit
from gateway.badges.models import Badge
from gateway.custody.used import note_grants
from gateway.db import announce
from gateway.errors import ConflictError
from gateway.events.service import record
from gateway.lockers.service import bank_of
from wire.access_list import AccessList, Grant, Kind, Revoked, decode_access_list, list_hash
from wire.envelope import Envelope
from wire.errors import MessageError
from wire.limits import REVOKED_KEPT_MS

# What stands for the content of a list that another gateway issued.
_REPORTED, _UNSEEN = "reported", "unseen"
NOT_OURS = frozenset({_REPORTED, _UNSEEN})


@dataclass(frozen=True)
class Differences:
    """What the bank follows and what this gateway would send instead.

    `only_bank`: live grants that would vanish (the bank itself keeps holders' 72 hours to collect); `only_gateway`:
    grants the bank neither has nor holds for revoked; `changed`: the same grant there and here, with other dates or
    lockers; `suspended_at_bank`: suspensions this database does not know, and `ended_at_bank`: grants here whose end it
    does not know: the badge would open again; `revoked_at_bank`: revocations it does not know: they are carried over,
    whatever is decided.
    """

    version: int
    issued_at: int
    only_bank: tuple[Grant, ...]
    only_gateway: tuple[Grant, ...]
    changed: tuple[tuple[Grant, Grant], ...]
    suspended_at_bank: tuple[Grant, ...]
    ended_at_bank: tuple[Grant, ...]
    revoked_at_bank: tuple[Revoked, ...]


def ask(session: Session, orders: Orders, bank_id: str, *, actor: str, now: int) -> CommandRecord:
    """Asks the bank for the list in force. Raises OfflineError (`offline`), NotFoundError (`controller`)."""
    return order(
        session, orders, bank_id=bank_id, kind="send_access", args={}, reason="reconciliation", actor=actor, now=now
    )


def differences(session: Session, bank_id: str, *, now: int) -> Differences | None:
    """What differs, or None while the bank has not sent its list whole. Raises NotFoundError (`controller`)."""
    found = _reported(session, controller_of(session, bank_id))
    if found is None:
        return None
    theirs, ours = found[0], build(session, bank_id, version=1, now=now)
    at_bank = {grant.id: grant for grant in theirs.grants}
    here = {grant.id: grant for grant in ours.grants}
    settled, dead = {line.id for line in ours.revoked}, {line.id for line in theirs.revoked}
    lacking = [
        grant for name, grant in at_bank.items() if name not in here and name not in settled and grant.not_after > now
    ]
    # An end is only a date: it counts no more once our list has the grant alive (lists.py).
    ended = {line.id for line in theirs.revoked if line.why == "ended"} & here.keys()
    known = {(line.id, line.digest) for line in ours.revoked}
    return Differences(
        version=theirs.version,
        issued_at=theirs.issued_at,
        only_bank=tuple(grant for grant in lacking if grant.kind != Kind.SUSPENDED),
        only_gateway=tuple(grant for name, grant in here.items() if name not in at_bank and name not in dead),
        changed=tuple((at_bank[name], grant) for name, grant in here.items() if at_bank.get(name, grant) != grant),
        suspended_at_bank=tuple(grant for grant in lacking if grant.kind == Kind.SUSPENDED),
        ended_at_bank=tuple(here[name] for name in sorted(ended) if _opens(here[name], now)),
        revoked_at_bank=tuple(
            line for line in theirs.revoked if line.id not in ended and (line.id, line.digest) not in known
        ),
    )


def _opens(grant: Grant, now: int) -> bool:
    return grant.kind != Kind.SUSPENDED and grant.not_after > now


def decide(session: Session, bank_id: str, *, actor: str, now: int, unseen: bool = False) -> None:
    """A person has looked at the differences: this gateway's list is to hold from now on.

    The bank's revocations are carried over first, so that what is dead stays dead; a locker that somebody may open
    there whom this database does not know waits for a look before it is given. `unseen` decides although the bank could
    not send its list. A bank that is not held stays as it is.
    Raises NotFoundError (`controller`), ConflictError (`not_reported`).
    """
    controller = controller_of(session, bank_id)
    if controller.held_since is None:
        return
    found = _reported(session, controller)
    if found is None and not unseen:
        raise ConflictError("not_reported", f"{bank_id} has not sent its list yet: ask for it first (send_access)")
    if found is not None:
        note_grants(session, bank_id, _not_known(session, bank_id, found[0], now), now)
        _carry_over(session, bank_id, found[0].revoked, now)
        _remember(session, bank_id, *found)
    elif controller.list_in_force:
        _remember_version(session, bank_id, controller.list_in_force, now)
    controller.trust_version = max(controller.trust_version, controller.trust_reported)
    controller.held_since = controller.held_why = None
    audit.record(session, actor=actor, action="bank_reconciled", subject=bank_id, now=now, unseen=unseen)
    record(session, "controller_reconciled", now=now, bank_id=bank_id)
    announce(session, ControllersChanged(bank_id))
    access_changed(session, bank_id)


def _reported(session: Session, controller: Controller) -> tuple[AccessList, str] | None:
    """The bank's own list, with the hash that births name it by; not one that it sent before it had the present one."""
    told = session.scalars(
        select(ReportedPart)
        .where(ReportedPart.bank_id == controller.bank_id)
        .order_by(ReportedPart.command_id, ReportedPart.part)
    ).all()
    for _, parts in groupby(told, key=attrgetter("command_id")):
        found = _decoded(list(parts))
        if found is not None and found[0].version == controller.list_in_force:
            return found
    return None


def _decoded(parts: Sequence[ReportedPart]) -> tuple[AccessList, str] | None:
    """One answer, if all of it is there."""
    if len(parts) != parts[0].parts:
        return None
    try:
        envelope = msgspec.json.decode(b"".join(part.data for part in parts), type=Envelope)
        return decode_access_list(envelope.payload), list_hash(envelope.payload)
    except (msgspec.DecodeError, ValueError, MessageError):
        return None


def _not_known(session: Session, bank_id: str, theirs: AccessList, now: int) -> list[Grant]:
    """Grants of the bank that this database neither has for the same lockers nor has ended itself."""
    ours = build(session, bank_id, version=1, now=now)
    here = {grant.id: grant.lockers for grant in ours.grants}
    settled = {line.id for line in ours.revoked}
    return [grant for grant in theirs.grants if grant.id not in settled and here.get(grant.id) != grant.lockers]


def _carry_over(session: Session, bank_id: str, lines: tuple[Revoked, ...], now: int) -> None:
    site_id = bank_of(session, bank_id).site_id
    for line in lines:
        session.merge(
            CarriedRevocation(
                bank_id=bank_id, grant_id=line.id, digest=line.digest, why=line.why, until_at=now + REVOKED_KEPT_MS
            )
        )
        if line.why == "ended":
            continue
        alive = select(Badge).where(Badge.site_id == site_id, Badge.digest == line.digest, Badge.revoked_at.is_(None))
        for badge in session.scalars(alive):
            # Given out again after the revocation, under another grant: that one is meant to live.
            if badge.id[-12:] in line.id:
                badge.revoked_at, badge.revoked_why = now, line.why


def _remember(session: Session, bank_id: str, theirs: AccessList, digest: str) -> None:
    """The next list's version must be above the bank's own."""
    session.merge(
        IssuedList(
            bank_id=bank_id, version=theirs.version, hash=digest, issued_at=theirs.issued_at,
            lease_until=theirs.lease_until, content=_REPORTED, envelope=None,
        )
    )  # fmt: skip


def _remember_version(session: Session, bank_id: str, version: int, now: int) -> None:
    """No hash: the list was never seen, and counts as known from now on."""
    session.merge(
        IssuedList(
            bank_id=bank_id, version=version, hash="", issued_at=now, lease_until=now,
            content=_UNSEEN, envelope=None,
        )
    )  # fmt: skip
