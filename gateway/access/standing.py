"""What banks have said of themselves, read and written with each word of theirs: no object is made of it."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.orm import Session

from gateway.access.models import Controller, IssuedList
from gateway.prepared import Prepared
from wire.messages import Birth


class Standing(NamedTuple):
    """Which list a bank's controller follows, which one was issued last (0: none), whether the bank is held, the trust
    document it was told last, and its newest session, which is the present one while it is `online`."""

    in_force: int
    newest: int
    held: bool
    trust: int
    number: int
    nonce: str | None
    online: bool


_EVERY = select(
    Controller.bank_id,
    Controller.list_in_force,
    select(func.max(IssuedList.version)).where(IssuedList.bank_id == Controller.bank_id).scalar_subquery(),
    Controller.held_since,
    Controller.trust_version,
    Controller.session_number,
    Controller.session_nonce,
    Controller.online,
)
_ALL = Prepared(_EVERY.order_by(Controller.bank_id))
# Made once: it is asked with every health message of every bank.
_STANDING = Prepared(_EVERY.where(Controller.bank_id == bindparam("bank")))


def _writing(*names: str) -> Prepared:
    row = update(Controller).where(Controller.bank_id == bindparam("bank"))
    return Prepared(row.values({name: bindparam(name) for name in names}))


_BEGIN = _writing("session_number", "session_nonce", "software", "trust_reported", "online", "status_at")
_END = _writing("online", "status_at")
_FOLLOW = _writing("list_in_force", "list_in_force_since")
_HOLD = _writing("held_since", "held_why")


def standing_of(connection: Connection, bank_id: str) -> Standing | None:
    """None without a controller."""
    found = _STANDING.first(connection, {"bank": bank_id})
    return None if found is None else _standing(*found[1:])


def standings(connection: Connection) -> Mapping[str, Standing]:
    """Those of all banks with a controller, by bank in the order of their ids."""
    return {bank_id: _standing(*found) for bank_id, *found in _ALL.run(connection, {})}


def _standing(
    in_force: int, newest: int | None, held_since: int | None, trust: int, number: int, nonce: str | None, online: int
) -> Standing:
    return Standing(in_force, newest or 0, held_since is not None, trust, number, nonce, bool(online))


def begin(session: Session, bank_id: str, birth: Birth, *, now: int) -> None:
    """A session has begun, or goes on."""
    values = {
        "session_number": birth.session.number, "session_nonce": birth.session.nonce, "software": birth.software,
        "trust_reported": birth.trust_version, "online": True, "status_at": now,
    }  # fmt: skip
    _BEGIN.run(session.connection(), {"bank": bank_id, **values})


def end(session: Session, bank_id: str, *, now: int) -> None:
    """The present session is over."""
    _END.run(session.connection(), {"bank": bank_id, "online": False, "status_at": now})


def follow(session: Session, bank_id: str, version: int, *, since: int) -> None:
    """Another list than before is in force at the bank."""
    _FOLLOW.run(session.connection(), {"bank": bank_id, "list_in_force": version, "list_in_force_since": since})


def hold(session: Session, bank_id: str, why: str, *, now: int) -> None:
    """The bank is held from now on."""
    _HOLD.run(session.connection(), {"bank": bank_id, "held_since": now, "held_why": why})
