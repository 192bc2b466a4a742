"""Nobody acts without the right at that moment: nothing is done in the name of a closed account."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from simulator.world.lives.office import Office

_ACCOUNTS = text("SELECT id, disabled_at FROM staff")
_DONE = text("SELECT id, actor, action, subject FROM audit_record WHERE id > :seen ORDER BY id")
_OPEN = text(
    "SELECT staff.id, 'a browser that is signed in' FROM sign_in JOIN staff ON staff.id = sign_in.staff_id "
    "WHERE disabled_at IS NOT NULL AND sign_in.ended_at IS NULL "
    "UNION ALL SELECT staff.id, 'a badge that is alive' FROM badge JOIN staff ON staff.id = badge.staff_id "
    "WHERE disabled_at IS NOT NULL AND badge.revoked_at IS NULL"
)


class AccountJudge:
    """Asked now and then, and at the end. Reads each line of the audit trail once."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._records = office.records
        self._seen = 0

    def put_back(self) -> None:
        """The trail is another one now."""
        self._seen = 0

    def judge(self) -> None:
        """Every account, and what was done since; not while the database is away."""
        try:
            with self._office.gateway.reading() as session:
                self._accounts(session)
                self._trail(session)
                for who, what in session.execute(_OPEN):
                    self._say(f"{who}, whose account is closed, has {what}")
        except DBAPIError:
            return

    def _accounts(self, session: Session) -> None:
        known = {one.id: one.closed_at for one in self._records.accounts.values() if not one.lost}
        found = {row.id: row.disabled_at for row in session.execute(_ACCOUNTS)}
        for name in sorted({*known, *found}):
            if name not in found or name not in known or found[name] != known[name]:
                self._say(f"account {name} was closed at {found.get(name)}, done was {known.get(name)}")

    def _trail(self, session: Session) -> None:
        """By the order of the trail: clocks may have been wrong meanwhile."""
        for row in session.execute(_DONE, {"seen": self._seen}):
            self._seen = row.id
            actor = self._records.accounts.get(row.actor)
            if actor is not None and actor.closed_at is not None and row.id > actor.closed_after:
                self._say(f"{row.actor}, whose account was closed before, did {row.action} to {row.subject}")

    def _say(self, found: str) -> None:
        self._office.violated("rights", found)
