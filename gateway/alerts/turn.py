"""Whose turn it is to look for what there is to tell, where several gateways are on one database."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gateway import db
from gateway.db import Database

# pg_try_advisory_xact_lock takes any number; this one spells "alerts".
_LOCK = 0x616C65727473
_ASK = text(
    "SELECT pg_try_advisory_xact_lock(:key), set_config('idle_in_transaction_session_timeout', :stopped_ms, true)"
)


class Turn:
    """One gateway's, for as long as it lives and asks: each remembers for a while what it found, and two would end each
    other's alerts and raise them again. On SQLite there is one gateway.
    """

    def __init__(self, database: Database) -> None:
        self._shared = database.engine.dialect.name == "postgresql"
        self._engine = database.engine
        # Open, within a transaction, while the turn is this one's.
        self._connection: Connection | None = None

    def is_ours(self) -> bool:
        """Takes it if it is nobody's; waits for no one. Raises DBAPIError while the database is away."""
        if not self._shared:
            return True
        if self._connection is None:
            # Named, because a server may be set to others: at this level nothing old is kept while it stands open.
            self._connection = self._engine.connect().execution_options(isolation_level="READ COMMITTED")
        asked = {"key": _LOCK, "stopped_ms": str(db.STOPPED_MS)}
        try:
            ours = bool(self._connection.execute(_ASK, asked).one()[0])
        except DBAPIError:  # with its connection the turn is lost
            ours = False
        if not ours:
            self.pass_on()
        return ours

    def pass_on(self) -> None:
        """The next that asks has it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
