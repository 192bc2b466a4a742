"""The override key, declared afterwards: it explains the entries `door_forced` of a locker and never deletes one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.care.files import note
from gateway.custody.codes import Witness
from gateway.db import new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.events.service import FeedItem, events_after, latest_events
from gateway.incidents.codes import KeyReason
from gateway.incidents.models import OverrideUse
from gateway.incidents.visibility import sees
from gateway.lockers.models import Bank, Locker
from gateway.lockers.service import bank_of, locker_of
from gateway.paging import PAGE_SIZE, Page, page_of
from wire.entries import EntryType

# A door is unlocked by key for minutes; who works longer declares it again.
MAX_USE_MS = 4 * 3_600_000
# A watch and the clock of a controller that was offline differ by this much at most.
CLOCKS_APART_MS = 10 * 60_000


@dataclass(frozen=True)
class Forced:
    """An entry `door_forced` as the bank sent it, and the declaration that explains it, if there is one."""

    entry: FeedItem
    explained_by: OverrideUse | None


def declare(
    session: Session,
    *,
    bank_id: str,
    number: int,
    from_at: int,
    until_at: int,
    reason: KeyReason,
    witness_kind: Witness | None = None,
    text: str | None = None,
    actor: str,
    now: int,
) -> OverrideUse:
    """Whoever used the key says when and why. Entries that arrive later are explained by it too.

    An inspection needs a witness. Raises NotFoundError (`bank`, `locker`), InvalidError (`time`, `witness`, `note`).
    """
    locker = locker_of(session, bank_id, number)
    if not sees(session, actor, locker.bank.site_id):
        raise NotFoundError("locker", f"bank {bank_id} has no locker {number}")
    if not from_at <= until_at <= now or until_at - from_at > MAX_USE_MS:
        raise InvalidError("time", "the key's use is declared afterwards, and was 4 hours at most: give both times")
    if reason is KeyReason.INSPECTION and witness_kind is None:
        raise InvalidError(
            "witness", "an inspection needs a witness: a colleague, a partner, the holder or photographs"
        )
    use = OverrideUse(
        id=new_id(now), locker=locker, from_at=from_at, until_at=until_at, reason=reason.value,
        witness_kind=witness_kind.value if witness_kind else None, note=note(text), declared_by=actor, declared_at=now,
    )  # fmt: skip
    session.add(use)
    session.flush()
    audit.record(
        session, actor=actor, action="override_declared", subject=bank_id, now=now, use=use.id, locker=number,
        reason=reason.value,
    )  # fmt: skip
    return use


def entries_of(session: Session, use: OverrideUse) -> Sequence[FeedItem]:
    """The entries that this use explains; none yet while the bank is offline."""
    found = latest_events(
        session, kinds=(EntryType.DOOR_FORCED,), bank_id=use.locker.bank_id, locker=use.locker.number, limit=500
    )
    return [item for item in reversed(found) if _explains(use, item.at)]


def explanations(session: Session, items: Sequence[FeedItem]) -> Sequence[Forced]:
    """Each of these entries with the nearest declaration that explains it."""
    return [Forced(item, _nearest(session, item)) for item in items]


def forced_entries(
    session: Session, bank_id: str, *, actor: str, after: int = 0, limit: int = PAGE_SIZE
) -> Sequence[Forced]:
    """The entries `door_forced` of a bank with an id above `after`, oldest first. Raises NotFoundError (`bank`)."""
    if not sees(session, actor, bank_of(session, bank_id).site_id):
        raise NotFoundError("bank", f"no bank {bank_id[:60]!r}")
    return explanations(
        session, events_after(session, after, limit=limit, kinds=(EntryType.DOOR_FORCED,), bank_id=bank_id)
    )


def list_uses(
    session: Session, bank_id: str, *, actor: str, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[OverrideUse]:
    """Declarations of a bank in the order in which they were made. Raises NotFoundError (`bank`)."""
    if not sees(session, actor, bank_of(session, bank_id).site_id):
        raise NotFoundError("bank", f"no bank {bank_id[:60]!r}")
    query = select(OverrideUse).where(OverrideUse.locker_id.in_(select(Locker.id).join(Bank).where(Bank.id == bank_id)))
    return page_of(session, query, OverrideUse.id, after=after, limit=limit)


def _nearest(session: Session, item: FeedItem) -> OverrideUse | None:
    uses = session.scalars(
        select(OverrideUse)
        .join(Locker, Locker.id == OverrideUse.locker_id)
        .where(
            Locker.bank_id == item.bank,
            Locker.number == item.locker,
            OverrideUse.from_at <= item.at + CLOCKS_APART_MS,
            OverrideUse.until_at >= item.at - CLOCKS_APART_MS,
        )
    ).all()
    return min(uses, key=lambda use: (max(use.from_at - item.at, item.at - use.until_at, 0), use.id), default=None)


def _explains(use: OverrideUse, at: int) -> bool:
    return use.from_at - CLOCKS_APART_MS <= at <= use.until_at + CLOCKS_APART_MS
