"""Everything about one person, for that person: every row of their file, what staff did in it, who opened for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.models import CommandRecord
from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding, Party
from gateway.lockers.models import Locker, Organisation
from gateway.people.service import person_of
from gateway.privacy.couples import theirs
from gateway.privacy.files import Part, parts
from gateway.privacy.times import instant_of, is_time

# They open or identify something to whoever has the keys, and say nothing to the person.
LEFT_OUT = frozenset({"digest", "pin"})
# How a contract ended is not for whoever had parted.
_OF_THE_END = frozenset(
    {
        "collect_until", "collect_days", "end_decided_by", "destination", "stability", "end_note", "how_before_death",
        "next_id", "version",
    }
)  # fmt: skip
# What was written at that instant, beside who wrote it.
_WRITTEN_AT: Mapping[str, Sequence[str]] = {
    "witnessed_at": ("witness", "witness_name", "photographs_kept"),
    "stored_at": ("label", "place"),
    "outcome_at": ("outcome", "recipient", "reason", "singly", "outcome_note"),
    "inspected_at": ("witness_kind", "witness", "found", "action", "found_note"),
    "notice_at": ("notice",),
}
_MOST_ACTIONS = 10_000

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Export:
    """Instants are unix ms, days are ISO dates. `actions` are what staff did in the file, `openings` what they opened
    from afar while it was the person's locker."""

    person_id: str
    organisation: str
    made_at: int
    tables: Mapping[str, Sequence[Row]]
    actions: Sequence[Row]
    openings: Sequence[Row]


def export(session: Session, person_id: str, *, actor: str, now: int) -> Export:
    """One person's data; that it was exported is recorded. Raises NotFoundError with code `person`."""
    person = person_of(session, person_id)
    organisation = session.get(Organisation, person.organisation_id)
    found = Export(
        person_id=person_id,
        organisation=organisation.name if organisation else "",
        made_at=now,
        tables={name: rows for name, rows in _tables(session, person_id) if rows},
        actions=[
            {"at": row.at, "action": row.action}
            for row in reversed(audit.trail(session, person_id, limit=_MOST_ACTIONS))
        ],
        openings=_openings(session, person_id),
    )
    audit.record(session, actor=actor, action="file_exported", subject=person_id, now=now)
    return found


def _tables(session: Session, person_id: str) -> list[tuple[str, list[Row]]]:
    found, left = [], dict(_parted(session, person_id))
    for part in parts():
        columns = [column for column in part.table.columns if column.name not in LEFT_OUT]
        order = list(part.table.primary_key.columns)
        rows = session.execute(select(*columns).where(part.ids(person_id)).order_by(*order))
        told = [_told(part, dict(row), person_id, left) for row in rows.mappings()]
        found.append((part.table.name, [_plain(row) for row in told]))
    return found


def _parted(session: Session, person_id: str) -> Mapping[str, int]:
    """When the person left the contracts that went on for someone else."""
    left: dict[str, int] = {}
    stays = set()
    for party in session.scalars(select(Party).where(Party.person_id == person_id)):
        if party.until_at is None:
            stays.add(party.contract_id)
        else:
            left[party.contract_id] = max(left.get(party.contract_id, 0), party.until_at)
    return {contract_id: at for contract_id, at in left.items() if contract_id not in stays}


def _told(part: Part, row: Row, person_id: str, left: dict[str, int]) -> Row:
    """What one of a couple is told: not who the other is, and nothing from after they parted.

    `left` says when, by the ids of the contracts; what hangs on one of those rows is added.
    """
    is_contract = part.table is Contract.__table__
    at = left.get(row["id"]) if is_contract else _least(left.get(row[key.name]) for key, _parent in part.keys)
    hidden = {"person_id"} if part.of_a_contract and row.get("person_id") != person_id else set()
    if at is not None:
        if "id" in row:
            left[row["id"]] = at
        times = (column.name for column in part.table.columns if is_time(column) and row.get(column.name) is not None)
        later = {name for name in times if instant_of(row[name]) > at}
        written = (name for time in later for name in _WRITTEN_AT.get(time, ()))
        hidden |= later | set(written) | {f"{name.removesuffix('_at')}_by" for name in later}
        if is_contract and (row["ended_at"] is None or "ended_at" in hidden):
            hidden |= _OF_THE_END
    return {name: value for name, value in row.items() if name not in hidden}


def _least(instants: Iterable[int | None]) -> int | None:
    return min((at for at in instants if at is not None), default=None)


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: _value(value) for name, value in row.items() if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value


def _openings(session: Session, person_id: str) -> list[Row]:
    contract, at = Contract.__table__.c.id, CommandRecord.__table__.c.requested_at
    rows = session.execute(
        select(CommandRecord.requested_at, CommandRecord.reason, CommandRecord.bank_id, CommandRecord.locker)
        .join(Locker, (Locker.bank_id == CommandRecord.bank_id) & (Locker.number == CommandRecord.locker))
        .join(Holding, Holding.locker_id == Locker.id)
        .join(Contract, Contract.id == Holding.contract_id)
        .where(
            theirs(contract, (at, at), person_id),
            CommandRecord.kind == "open",
            CommandRecord.requested_at >= Holding.from_at,
            CommandRecord.requested_at < Holding.until_at,
        )
        .order_by(CommandRecord.requested_at)
    )
    return [{"at": row.requested_at, "reason": row.reason, "block": row.bank_id, "locker": row.locker} for row in rows]
