"""The epochs that one unit of work touches: each read once, and written once if it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy.orm import Session

from gateway.ingest.models import Epoch
from gateway.prepared import Prepared
from wire.chain import GENESIS

_TABLE = Epoch.__table__
_NAMES = tuple(column.name for column in _TABLE.columns)
_values = attrgetter(*_NAMES)
# Made once: what SQLAlchemy needs to recognise a statement takes longer than to carry it out.
_OTHER = _TABLE.alias("other")
_ONE = Prepared(
    select(
        _TABLE,
        exists().where(_OTHER.c.bank_id == _TABLE.c.bank_id, _OTHER.c.previous_epoch == _TABLE.c.epoch),
    ).where(_TABLE.c.bank_id == bindparam("bank"), _TABLE.c.epoch == bindparam("name"))
)
_OF_BANK = select(_TABLE).where(_TABLE.c.bank_id == bindparam("bank")).order_by(_TABLE.c.first_seen_at, _TABLE.c.epoch)
_FOLLOWERS = (
    select(_TABLE)
    .where(_TABLE.c.bank_id == bindparam("bank"), _TABLE.c.previous_epoch == bindparam("name"))
    .order_by(_TABLE.c.first_seen_at, _TABLE.c.epoch)
)
_INSERT = Prepared(insert(Epoch).values({name: bindparam(name) for name in _NAMES}))
_UPDATE = Prepared(
    update(Epoch)
    .where(_TABLE.c.bank_id == bindparam("bank"), _TABLE.c.epoch == bindparam("name"))
    .values({name: bindparam(name) for name in _NAMES[2:]})
)


@dataclass(slots=True)
class EpochRow:
    """A row of `epoch` (models.py), in the order of its columns."""

    bank_id: str
    epoch: str
    through: int
    through_hash: bytes
    highest: int
    available: int
    expected: int
    previous_epoch: str | None
    previous_seq: int | None
    previous_hash: str | None
    link: str
    first_seen_at: int
    gap_since: int | None
    gap_alarmed_at: int | None


class Epochs:
    """Nothing is written before `save`."""

    def __init__(self, session: Session, now: int) -> None:
        self.connection = session.connection()
        self._now = now
        self._rows: dict[tuple[str, str], EpochRow] = {}
        self._stored: dict[tuple[str, str], tuple[object, ...]] = {}
        self._unfollowed: set[tuple[str, str]] = set()

    def of(self, bank_id: str, epoch: str) -> EpochRow:
        """The epoch's row, made if this is the first that is heard of it."""
        row = self._rows.get((bank_id, epoch))
        if row is not None:
            return row
        found = _ONE.first(self.connection, {"bank": bank_id, "name": epoch})
        if found is not None:
            *values, is_followed = found
            if not is_followed:
                self._unfollowed.add((bank_id, epoch))
            return self._keep(tuple(values))
        row = EpochRow(bank_id, epoch, 0, GENESIS, 0, 1, 0, None, None, None, "unknown", self._now, None, None)
        self._rows[bank_id, epoch] = row
        return row

    def of_bank(self, bank_id: str) -> Sequence[EpochRow]:
        """Every epoch of the bank, the oldest first."""
        for found in self.connection.execute(_OF_BANK, {"bank": bank_id}):
            self._keep(tuple(found))
        return sorted((row for row in self._rows.values() if row.bank_id == bank_id), key=_age)

    def followers(self, bank_id: str, epoch: str) -> Sequence[EpochRow]:
        """Epochs that claim to follow this one, the oldest first."""
        if (bank_id, epoch) not in self._unfollowed:
            for found in self.connection.execute(_FOLLOWERS, {"bank": bank_id, "name": epoch}):
                self._keep(tuple(found))
        return sorted(
            (row for row in self._rows.values() if (row.bank_id, row.previous_epoch) == (bank_id, epoch)), key=_age
        )

    def save(self) -> None:
        """Writes what is new or has changed."""
        fresh = [row for key, row in self._rows.items() if key not in self._stored]
        changed = [row for key, row in self._rows.items() if key in self._stored and _values(row) != self._stored[key]]
        if fresh:
            _INSERT.run_many(self.connection, [dict(zip(_NAMES, _values(row), strict=True)) for row in fresh])
        for row in changed:
            _UPDATE.run(
                self.connection,
                {"bank": row.bank_id, "name": row.epoch, **dict(zip(_NAMES[2:], _values(row)[2:], strict=True))},
            )
        for row in (*fresh, *changed):
            self._stored[row.bank_id, row.epoch] = _values(row)

    def _keep(self, found: tuple[object, ...]) -> EpochRow:
        """What this unit has changed already is newer than what is stored."""
        row = EpochRow(*found)  # type: ignore[arg-type]
        key = row.bank_id, row.epoch
        self._stored.setdefault(key, found)
        return self._rows.setdefault(key, row)


def _age(row: EpochRow) -> tuple[int, str]:
    return row.first_seen_at, row.epoch
