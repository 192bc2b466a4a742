"""Access lists: built from contracts and badges, complete, read back with the controller's own decoder, then signed."""

import hashlib
from collections.abc import Callable

import msgspec
from sqlalchemy.orm import Session

from gateway.access import listed, repository
from gateway.access.grants import Lines, contract_lines, staff_lines
from gateway.access.repository import Issued
from gateway.access.schedules import schedules_of
from gateway.events.service import record
from gateway.loans.grants import loan_lines
from gateway.loans.listed import loans_of_bank
from gateway.loans.repository import tool_locker_numbers
from gateway.staff.rights import Right, may
from wire.access_list import AccessList, Grant, Revoked, decode_access_list, list_hash
from wire.limits import LEASE_MS, REVOKED_KEPT_MS
from wire.messages import encode

# Older lists keep version and hash, so that a bank that still follows one is recognised; their bytes go.
LISTS_KEPT_WHOLE = 20
# More is left of a lease only where this clock has been set back since.
_LONGEST_LEASE_MS = LEASE_MS + 3_600_000


def build(session: Session, bank_id: str, *, version: int, now: int) -> AccessList:
    """The bank's list as of `now`: everything contracts and loans hold, past 90 days and all of the future.

    Raises NotFoundError with code `bank`.
    """
    session.flush()  # what is read below does not see what is pending
    site = listed.site_of_bank(session, bank_id)
    since = now - REVOKED_KEPT_MS
    contracts = listed.contracts_of_bank(session, bank_id, since)
    badges = listed.badges_of_contracts(session, bank_id, site.id, since)
    lockers = list(listed.locker_numbers(session, bank_id))
    parts = [contract_lines(contract, badges, bank_id, now) for contract in contracts]
    loans = loans_of_bank(session, bank_id, since)
    parts += loan_lines(session, loans, bank_id, site.id, since)
    lending = sorted(tool_locker_numbers(session, bank_id).intersection(lockers))
    parts += [
        # Whoever may not open lockers lends tools at most.
        staff_lines(badge, lockers if may(badge.role, Right.OPEN) else lending)
        for badge in listed.staff_badges(session, site.id, since)
    ]
    grants, revoked = _with_carried(session, bank_id, parts, now)
    return AccessList(
        controller=bank_id,
        version=version,
        issued_at=now,
        lease_until=now + LEASE_MS,
        zone=site.zone,
        schedules=schedules_of([*contracts, *loans]),
        badge_keys=tuple(listed.badge_keys(session, site.id)),
        grants=tuple(sorted(grants, key=lambda grant: grant.id)),
        revoked=tuple(sorted(revoked, key=lambda line: line.id)),
    )


def issue(session: Session, bank_id: str, sign: Callable[[bytes], bytes], *, now: int) -> Issued:
    """The list in force from now on: the newest issued if nothing in it would change and its lease is young enough, and
    not one of a clock that was ahead; else a new one of a higher version. Raises MessageError if the controller would
    refuse it (nothing is issued).
    """
    newest = repository.newest_list(session, bank_id)
    version = max(now, newest.version + 1 if newest else 1)
    access_list = build(session, bank_id, version=version, now=now)
    content = _content(access_list)
    if newest and newest.envelope and newest.content == content and is_young(newest, now):
        return newest
    payload = encode(access_list)
    decode_access_list(payload)
    issued = Issued(
        bank_id=bank_id,
        version=version,
        hash=list_hash(payload),
        issued_at=now,
        lease_until=access_list.lease_until,
        content=content,
        envelope=sign(payload),
    )
    repository.add_list(session, issued)
    record(session, "list_issued", now=now, bank_id=bank_id, version=version, grants=len(access_list.grants))
    repository.forget_bytes(session, bank_id, LISTS_KEPT_WHOLE)
    return issued


def unchanged(session: Session, bank_id: str, *, now: int) -> Issued | None:
    """The newest list, if one issued now would say the same: whatever was decided since holds with it."""
    newest = repository.newest_list(session, bank_id)
    if newest is None or newest.content != _content(build(session, bank_id, version=newest.version, now=now)):
        return None
    return newest


def is_young(issued: Issued, now: int) -> bool:
    """Whether its lease need not be renewed yet, and is not one of a clock that was ahead."""
    return LEASE_MS // 2 < issued.lease_until - now <= _LONGEST_LEASE_MS


def _with_carried(session: Session, bank_id: str, parts: list[Lines], now: int) -> tuple[list[Grant], list[Revoked]]:
    """All lines, without the grants that the bank itself knows to be revoked (see reconcile.py)."""
    carried = listed.carried(session, bank_id, now)
    dead = {line.id for line in carried if line.why != "ended"}
    grants = [grant for part in parts for grant in part.grants if grant.id not in dead]
    revoked = {line.id: line for part in parts for line in part.revoked}
    names = {grant.id for grant in grants}
    for line in carried:
        if line.id not in names:
            revoked.setdefault(line.id, line)
    return grants, list(revoked.values())


def _content(access_list: AccessList) -> str:
    """What the list says, apart from when it says so."""
    plain = msgspec.structs.replace(access_list, version=0, issued_at=0, lease_until=0)
    return hashlib.sha256(encode(plain)).hexdigest()
