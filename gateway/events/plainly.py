"""Finds, in one query, the releases that were plainly right, so that only the others need to be judged.

Plainly right: a live badge, given by then, of someone on a contract that was in force or collecting, not suspended
anywhere near that time nor ever frozen, and held that locker. What is not plainly right may be right all the same
(judgement.py).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, Connection, bindparam, exists, func, select

from gateway.badges.models import Badge
from gateway.contracts.models import Contract, Holding, Party, Suspension
from gateway.lockers.models import Bank, Locker
from gateway.prepared import PreparedForSome, some
from wire.entries import Entry

_EARLIEST = bindparam("earliest", type_=BigInteger())
# Made once: what SQLAlchemy needs to recognise a statement takes longer than to carry it out.
# It goes from the badges to their lockers: if it named those too, SQLite would try each of them with each badge.
_HOLDERS = (
    select(
        Badge.digest, Locker.number,
        func.coalesce(Badge.given_at, Badge.registered_at), Contract.from_at, Party.from_at, Holding.from_at,
        Contract.collect_until, Holding.until_at, Party.until_at,
    )
    .select_from(Locker)
    .join(Bank, Bank.id == Locker.bank_id)
    .join(Holding, Holding.locker_id == Locker.id)
    .join(Contract, Contract.id == Holding.contract_id)
    .join(Party, Party.contract_id == Contract.id)
    .join(Badge, (Badge.person_id == Party.person_id) & (Badge.site_id == Bank.site_id))
    .where(
        Locker.bank_id == bindparam("bank"),
        Badge.revoked_at.is_(None),
        Badge.staff_id.is_(None),
        Contract.signed_at.is_not(None),
        Contract.frozen_at.is_(None),
        Contract.collect_until > _EARLIEST,
        Holding.waits_since.is_(None),
        ~exists().where(
            Suspension.contract_id == Contract.id,
            Suspension.from_at <= bindparam("latest", type_=BigInteger()),
            func.coalesce(Suspension.lifted_at, Suspension.until_at) > _EARLIEST,
        ),
    )
)  # fmt: skip
_OF_SOME = PreparedForSome(lambda size: _HOLDERS.where(Badge.digest.in_(some("digest", size))))


def questionable(connection: Connection, bank_id: str, releases: Sequence[Entry]) -> list[Entry]:
    """The releases that are not plainly right, in their order."""
    asked = [entry for entry in releases if _by_badge(entry)]
    if not asked:
        return list(releases)
    digests = sorted({entry.body["digest"] for entry in asked})
    times = {"earliest": min(entry.at for entry in asked), "latest": max(entry.at for entry in asked)}
    found = _OF_SOME.run(connection, {"bank": bank_id, **times}, digest=digests)
    spans: Mapping[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row in found:
        digest, locker, *begins, collect_until, held_until, parted = row
        until = min(collect_until, held_until) if parted is None else min(collect_until, held_until, parted)
        spans[digest, locker].append((max(begins), until))
    return [entry for entry in releases if not _plainly_right(entry, spans)]


def _plainly_right(entry: Entry, spans: Mapping[tuple[str, int], list[tuple[int, int]]]) -> bool:
    if not _by_badge(entry):
        return False
    return any(begin <= entry.at < end for begin, end in spans.get((entry.body["digest"], entry.body["locker"]), ()))


def _by_badge(entry: Entry) -> bool:
    """What a bank sends is not always what it should be, and a database does not take every string or number."""
    digest, locker = entry.body.get("digest"), entry.body.get("locker")
    return (
        not isinstance(entry.body.get("command"), str)
        and isinstance(digest, str)
        and len(digest) <= 32
        and digest.isascii()
        and digest.isprintable()
        and type(locker) is int
        and 1 <= locker <= 99_999
    )
