"""The database: engine, column types, and the unit of work that commits once, at the edge.

One writer at a time, on both databases: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. So a check made
inside a writing unit still holds when it commits, and the ids of the event feed rise in the order of commits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
from sqlalchemy import BigInteger, Connection, Engine, Integer, MetaData, String, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from gateway.errors import NotReadyError, SettingsError
from gateway.prepared import carry_out
from gateway.privacy.field_keys import FieldKeys
from gateway.privacy.fields import use_keys
from gateway.settings import Settings
from wire.ids import uuid7

log = structlog.get_logger("gateway.db")

# How long a writer waits for the one before it.
BUSY_TIMEOUT_MS = 10_000
# How long a connection to PostgreSQL may be silent before either side lets go of it: a machine that lost its power says
# nothing, and by what systems do by themselves its last unit of work would be waited for, and keep all others waiting,
# for two hours. What a database URL says of these counts instead.
SILENT_S = 25
_CONNECTING = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": str(SILENT_S * 1000),
    # Of a database that was made without an encoding, the driver would else give bytes for texts.
    "client_encoding": "utf8",
}
_SERVER_NOTICING = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
# A writer that stands still for so long is taken for stopped, and the next one gets its turn.
STOPPED_MS = 60_000
# SQLite's compiled statements that a connection keeps: there are more kinds than its usual 128.
STATEMENTS_KEPT = 1_000
# pg_advisory_xact_lock takes any number; this one spells "casier".
_WRITER_LOCK = 0x636173696572
_BEGIN_WRITING = text(
    "SELECT set_config('lock_timeout', :busy_ms, true), "
    "set_config('idle_in_transaction_session_timeout', :stopped_ms, true), pg_advisory_xact_lock(:key)"
)

# The database answers, and will refuse these values again however often they are tried.
REFUSED = (DataError, IntegrityError)

# An instant is unix milliseconds, UTC by definition, the same number as on the wire.
Instant = Annotated[int, mapped_column(BigInteger)]
OptionalInstant = Annotated[int | None, mapped_column(BigInteger)]
Id = Annotated[str, mapped_column(String(36))]
Code = Annotated[str, mapped_column(String(64))]
# SQLite numbers rows by itself only in an INTEGER column.
Serial = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of every table; the naming convention gives each constraint a name that migrations can use."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Listener = Callable[[object], None]


class Unit(Session):
    """A session for one unit of work, within the transaction that its connection is in."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        self._own = connection

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> Connection:
        """See Session; at hand, for each prepared statement asks for it."""
        if self.in_nested_transaction():
            return super().connection(bind_arguments, execution_options)
        return self._own


class Database:
    """Opens units of work; `listeners` hear, after each commit, what `announce` collected in it.

    Without `keys` sealed fields can be neither read nor written.
    """

    def __init__(self, url: str, keys: FieldKeys | None = None) -> None:
        self.engine = _engine(url)
        if keys is not None:
            use_keys(self.engine, keys)
        self.listeners: list[Listener] = []
        self._asker = self.engine.execution_options(writing=False)
        self._reader, self._writer = self._asker, self.engine.execution_options(writing=True)
        if self.engine.dialect.name == "postgresql":
            # Named, because a server may be set to others: who writes must see what was written while it waited.
            self._reader = self._reader.execution_options(isolation_level="REPEATABLE READ")
            self._writer = self._writer.execution_options(isolation_level="READ COMMITTED")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; whatever is changed in it is dropped."""
        with _connected(self._reader) as connection:
            connection.begin()
            with Unit(connection) as session:
                yield session

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """For one prepared statement that reads (prepared.py): a transaction would take longer than its answer."""
        with _connected(self._asker) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """The only writer until the block ends: committed then, or rolled back if it raises."""
        # Begun now, not at the first statement: what is read or timed inside is not overtaken by another writer.
        with _connected(self._writer) as connection, connection.begin(), Unit(connection) as session:
            yield session
            session.flush()
        news: list[object] = session.info.pop("news", [])
        for item in news:
            self._tell(item)

    def _tell(self, item: object) -> None:
        for listener in self.listeners:
            try:
                listener(item)
            except Exception:  # what is committed stays done; the link looks again now and then
                log.exception("listener_failed")

    def close(self) -> None:
        """Lets go of every connection."""
        self.engine.dispose()


def announce(session: Session, news: object) -> None:
    """Tells the database's listeners `news` once this unit has committed; equal news is told once."""
    waiting: list[object] = session.info.setdefault("news", [])
    if news not in waiting:
        waiting.append(news)


def open_database(settings: Settings) -> Database:
    """The database, its data directory made. Raises NotReadyError (`data_dir`), SettingsError (`database_url`)."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NotReadyError("data_dir", f"CASIER_DATA_DIR: {settings.data_dir} cannot be made: {error}") from error
    return Database(settings.database, FieldKeys.of(settings.data_dir))


def new_id(now: int) -> str:
    """An identifier that sorts by time of making and says nothing else."""
    return uuid7(now)


def _connected(engine: Engine) -> Connection:
    """Raises OperationalError, as while the database is away, where others hold every connection for too long."""
    try:
        return engine.connect()
    except NoneFreeError as error:
        raise OperationalError("connect", None, error) from error


def _engine(url: str) -> Engine:
    """Its errors carry no values. Raises SettingsError with code `database_url`."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            kept = {"timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": STATEMENTS_KEPT}
            engine = create_engine(parsed, connect_args=kept, hide_parameters=True)
            event.listen(engine, "connect", _sqlite_connected)
            event.listen(engine, "begin", _sqlite_begins)
        else:
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            parsed = parsed.set(query={**_CONNECTING, **parsed.query})
            engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
            event.listen(engine, "connect", _postgresql_connected)
            event.listen(engine, "begin", _postgresql_begins)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            "database_url",
            f"CASIER_DATABASE_URL is not usable: {error}. Use sqlite:////path/to/casier.db or postgresql://host/name",
        ) from error
    except ValueError as error:  # which names what it took for the port: it may be a part of the password
        raise SettingsError(
            "database_url",
            "CASIER_DATABASE_URL is not usable: its port is not a number. In a password write %40 for @ and %3A for :",
        ) from error
    return engine


def _sqlite_connected(connection: Any, _record: object) -> None:
    # sqlite3 must not open transactions by itself: "begin" below does.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begins(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", True)
    carry_out(connection, "BEGIN IMMEDIATE" if writing else "BEGIN")


def _postgresql_connected(connection: Any, _record: object) -> None:
    from gateway.quiet_cursor import QuietCursor  # whose driver is there only where PostgreSQL is used

    connection.cursor_factory = QuietCursor
    connection.execute(_SERVER_NOTICING)
    connection.commit()


def _postgresql_begins(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        waits = {"busy_ms": str(BUSY_TIMEOUT_MS), "stopped_ms": str(STOPPED_MS)}
        connection.execute(_BEGIN_WRITING, {**waits, "key": _WRITER_LOCK})
