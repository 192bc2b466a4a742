"""The ledger: every fact that figures are made of, in memory as columns, kept up with the database change by change."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gateway.db import Database
from gateway.reports.columns import Texts, texts
from gateway.reports.models import FactChange
from gateway.reports.sheets import LAYOUTS, Sheet, read_sheet

log = structlog.get_logger("gateway.reports")

# From here on it is quicker to read everything again than to follow.
FOLLOWED_AT_MOST = 20_000
# Whoever is further behind reads everything again.
CHANGES_KEPT = 200_000


@dataclass(frozen=True)
class Ledger:
    """The facts as of the change `mark`. Never changed: what is newer makes a new ledger."""

    known: Texts
    sheets: Mapping[str, Sheet]
    mark: int

    @classmethod
    def read(cls, session: Session) -> Self:
        """Everything, from the tables."""
        # What changes while it is read is read again by whoever follows.
        known, mark = Texts(), _newest(session)
        return cls(known, {name: read_sheet(session, name, known) for name in LAYOUTS}, mark)

    def __getitem__(self, sheet: str) -> Sheet:
        return self.sheets[sheet]

    def followed(self, session: Session) -> "Ledger":
        """This ledger with every change that was committed since."""
        newest = _newest(session)
        if newest == self.mark:
            return self
        oldest = session.scalar(select(func.min(FactChange.id))) or 0
        if newest < self.mark or oldest > self.mark + 1:
            return Ledger.read(session)
        changes = session.execute(
            select(FactChange.sheet, FactChange.owner)
            .where(FactChange.id > self.mark, FactChange.id <= newest)
            .distinct()
            .limit(FOLLOWED_AT_MOST + 1)
        ).all()
        if len(changes) > FOLLOWED_AT_MOST:
            return Ledger.read(session)
        sheets = dict(self.sheets)
        for name in {sheet for sheet, _owner in changes}:
            owners = [owner for sheet, owner in changes if sheet == name]
            fresh = read_sheet(session, name, self.known, owners)
            sheets[name] = sheets[name].renewed(texts(owners, self.known), fresh)
        return Ledger(self.known, sheets, newest)


class KeptLedger:
    """The one ledger of a running gateway; what is asked of it is as new as the session it is asked with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None

    def now(self, session: Session) -> Ledger:
        """The ledger with everything that is committed; the first time it is read from the tables."""
        with self._lock:
            self._ledger = Ledger.read(session) if self._ledger is None else self._ledger.followed(session)
            return self._ledger

    def warm(self) -> None:
        """Reads it before anyone asks, and drops what nobody will follow any more."""
        with self._database.writing() as session:
            session.execute(delete(FactChange).where(FactChange.id <= _newest(session) - CHANGES_KEPT))
        with self._database.reading() as session:
            self.now(session)
        log.info("ledger_read")


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(FactChange.id))) or 0
