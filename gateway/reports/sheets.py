"""The sheets: of each table that figures are made of, the columns they need, and whom its rows belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Date, String, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.care.models import Contact, Snapshot, Step, SupportAct
from gateway.care.waiting_models import WaitingEntry
from gateway.contracts.models import Contract, EndReason, Holding, Party
from gateway.db import Base
from gateway.imports.columns import ENTRY
from gateway.imports.models import ImportedPerson
from gateway.loans.models import Loan, Membership
from gateway.loans.project_models import Project
from gateway.lockers.models import Locker
from gateway.reports import columns
from gateway.reports.columns import Numbers, Texts

# Names in one statement; SQLite takes at most 32,766.
_AT_ONCE = 5_000
Attribute = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Layout:
    """`owner`: the column that says whose the rows are; all of an owner's rows are read together, in `order` if that
    matters."""

    table: type[Base]
    owner: str
    wanted: Sequence[str]
    order: Sequence[str] = ()

    @property
    def names(self) -> Sequence[str]:
        """The owner and the wanted columns."""
        return (self.owner, *self.wanted)


LAYOUTS: Mapping[str, Layout] = {
    layout.table.__tablename__: layout
    for layout in (
        Layout(
            Contract, "id",
            ("scheme_id", "starts_on", "ends_on", "from_at", "until_at", "signed_at", "ended_at", "end_decided_by",
             "destination", "stability"),
        ),
        Layout(Party, "contract_id", ("person_id", "from_at", "until_at")),
        Layout(EndReason, "contract_id", ("reason",)),
        Layout(Holding, "contract_id", ("locker_id", "from_at", "until_at")),
        Layout(Locker, "id", ("in_service_since", "retired_at")),
        Layout(
            Membership, "id",
            ("scheme_id", "site_id", "person_id", "starts_on", "ends_on", "from_at", "ended_at", "ended_why"),
        ),
        Layout(Loan, "membership_id", ("taken_at", "due_at", "returned_at")),
        Layout(Project, "membership_id", ("started_on", "cancelled_at", "cost_cents", "surface_dm2")),
        Layout(Snapshot, "person_id", ("moment", "at", *ENTRY), ("at", "id")),
        Layout(SupportAct, "person_id", ("kind", "at", "withdrawn_at")),
        Layout(Contact, "person_id", ("kind", "at", "withdrawn_at")),
        Layout(Step, "person_id", ("topic", "result", "agreed_at", "closed_at")),
        Layout(WaitingEntry, "person_id", ("scheme_id", "site_id", "since", "closed_at", "left_why")),
        Layout(ImportedPerson, "person_id", ("code",)),
    )
}  # fmt: skip


class Sheet:
    """The columns of one table, by name. Never changed: what is newer makes a new sheet."""

    def __init__(self, layout: Layout, found: Mapping[str, Numbers]) -> None:
        self._layout = layout
        self._columns = found

    def __getitem__(self, name: str) -> Numbers:
        return self._columns[name]

    @property
    def owner(self) -> Numbers:
        """Whose each row is."""
        return self._columns[self._layout.owner]

    def renewed(self, owners: Numbers, fresh: "Sheet") -> "Sheet":
        """Without the rows of these owners, and with the fresh ones."""
        kept = ~np.isin(self.owner, owners)
        return Sheet(
            self._layout, {name: np.concatenate([self[name][kept], fresh[name]]) for name in self._layout.names}
        )


def read_sheet(session: Session, name: str, known: Texts, owners: Sequence[str] | None = None) -> Sheet:
    """A table's rows, or only those of these owners."""
    layout = LAYOUTS[name]
    attributes: list[Attribute] = [getattr(layout.table, column) for column in layout.names]
    query = select(*attributes).order_by(*(getattr(layout.table, column) for column in layout.order))
    asked = (
        [query]
        if owners is None
        else [
            query.where(attributes[0].in_(owners[first : first + _AT_ONCE]))
            for first in range(0, len(owners), _AT_ONCE)
        ]
    )
    # In parts, so that rows and columns are never both there as a whole.
    parts = [
        [
            _column(attribute, values, known)
            for attribute, values in zip(attributes, zip(*rows, strict=True), strict=True)
        ]
        for one in asked
        for rows in session.execute(one, execution_options={"yield_per": _AT_ONCE}).partitions()
    ]
    nothing = np.empty(0, np.int64)
    return Sheet(
        layout,
        {name: np.concatenate([nothing, *(part[place] for part in parts)]) for place, name in enumerate(layout.names)},
    )


def _column(attribute: Attribute, values: Sequence[Any], known: Texts) -> Numbers:
    if isinstance(attribute.type, String):
        return columns.texts(values, known)
    if isinstance(attribute.type, Date):
        return columns.days(values)
    return columns.numbers(values)
