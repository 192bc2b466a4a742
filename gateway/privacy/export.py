"""Everything about one person, for that person: every row of their file, what staff did in it, who opened for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.models import CommandRecord
from gateway.audit import service as audit
from gateway.contracts.models import Contract, Holding
from gateway.lockers.models import Locker, Organisation
from gateway.people.service import person_of
from gateway.privacy.files import parts

# They open or identify something to whoever has the keys, and say nothing to the person.
LEFT_OUT = frozenset({"digest", "pin"})
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
    found = []
    for part in parts():
        columns = [column for column in part.table.columns if column.name not in LEFT_OUT]
        order = list(part.table.primary_key.columns)
        rows = session.execute(select(*columns).where(part.ids(person_id)).order_by(*order))
        found.append((part.table.name, [_plain(dict(row)) for row in rows.mappings()]))
    return found


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: _value(value) for name, value in row.items() if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value


def _openings(session: Session, person_id: str) -> list[Row]:
    rows = session.execute(
        select(CommandRecord.requested_at, CommandRecord.reason, CommandRecord.bank_id, CommandRecord.locker)
        .join(Locker, (Locker.bank_id == CommandRecord.bank_id) & (Locker.number == CommandRecord.locker))
        .join(Holding, Holding.locker_id == Locker.id)
        .join(Contract, Contract.id == Holding.contract_id)
        .where(
            Contract.person_id == person_id,
            CommandRecord.kind == "open",
            CommandRecord.requested_at >= Holding.from_at,
            CommandRecord.requested_at < Holding.until_at,
        )
        .order_by(CommandRecord.requested_at)
    )
    return [{"at": row.requested_at, "reason": row.reason, "block": row.bank_id, "locker": row.locker} for row in rows]
