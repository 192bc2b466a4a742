"""Controllers: joining them by hand, their badge keys, and what a birth or a death of theirs means."""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from gateway.access import repository, standing
from gateway.access.changes import ControllersChanged, access_changed
from gateway.access.listed import badge_keys
from gateway.access.models import BadgeKey, Controller
from gateway.access.standing import Standing
from gateway.audit import service as audit
from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.db import announce, new_id
from gateway.errors import InvalidError, NotFoundError
from gateway.events.service import record
from gateway.lockers.models import Site
from gateway.lockers.service import bank_of
from gateway.prepared import Prepared
from wire.errors import KeyMaterialError
from wire.keys import parse_controller_token, signing_public
from wire.messages import Birth, Death

# Made once: it is asked every few seconds.
_PUBLICS = Prepared(select(Controller.bank_id, Controller.device_public))


class BadgeKeys(Protocol):
    """Where badge keys are kept (keystore.py)."""

    def badge_key(self, badge_key_id: str, *, make: bool = False) -> bytes:
        """The raw key."""
        ...


def add_controller(session: Session, *, bank_id: str, keys: str, actor: str, now: int) -> Controller:
    """Joins a controller to its bank by KEYS; the same KEYS again change nothing, others replace them.

    Raises NotFoundError (`bank`), InvalidError (`keys`).
    """
    bank_of(session, bank_id)
    try:
        device, encryption = parse_controller_token(keys)
        signing_public(device)
    except KeyMaterialError as error:
        raise InvalidError("keys", f"KEYS cannot be read: {error}") from error
    controller = session.get(Controller, bank_id)
    if controller is None:
        controller = Controller(bank_id=bank_id, added_at=now, device_public=device, encryption_public=encryption)
        session.add(controller)
    elif (controller.device_public, controller.encryption_public) == (device, encryption):
        return controller
    else:
        controller.device_public, controller.encryption_public = device, encryption
        controller.session_number, controller.session_nonce, controller.online = 0, None, False
    session.flush()
    audit.record(session, actor=actor, action="controller_added", subject=bank_id, now=now)
    record(session, "controller_added", now=now, bank_id=bank_id)
    announce(session, ControllersChanged(bank_id))
    access_changed(session, bank_id)
    return controller


def controller_of(session: Session, bank_id: str) -> Controller:
    """Raises NotFoundError with code `controller`."""
    controller = session.get(Controller, bank_id)
    if controller is None:
        raise _not_joined(bank_id)
    return controller


def require_joined(session: Session, bank_id: str) -> Standing:
    """What the bank's controller has said of itself. Raises NotFoundError with code `controller`."""
    found = standing.standing_of(session.connection(), bank_id)
    if found is None:
        raise _not_joined(bank_id)
    return found


def device_publics(connection: Connection) -> Mapping[str, bytes]:
    """The public key of every controller, by bank."""
    return dict(_PUBLICS.run(connection, {}))


def ensure_badge_key(session: Session, store: BadgeKeys, site_id: str, *, now: int) -> str:
    """The site's newest badge key, by its id, made if it has none.

    Raises NotReadyError (`keys`), NotFoundError (`site`).
    """
    session.flush()  # the question below does not see what is pending
    for key_id in badge_keys(session, site_id):
        return key_id
    if session.get(Site, site_id) is None:
        raise NotFoundError("site", "no such site")
    key = BadgeKey(id="k-" + new_id(now).replace("-", "")[-12:], site_id=site_id, made_at=now)
    store.badge_key(key.id, make=True)
    session.add(key)
    session.flush()
    return key.id


def register_badge(
    session: Session,
    store: BadgeKeys,
    *,
    site_id: str,
    number: str,
    label: str,
    person_id: str | None = None,
    staff_id: str | None = None,
    actor: str,
    now: int,
) -> Badge:
    """Registers a badge by its number (`em4100:62E3086CED`), of which only the digest is kept.

    Raises as badges.service.register, and InvalidError (`badge`).
    """
    key_id = ensure_badge_key(session, store, site_id, now=now)
    digest, technology = badges.digest_of(store.badge_key(key_id), number)
    return badges.register(
        session,
        site_id=site_id,
        key_id=key_id,
        digest=digest,
        label=label,
        technology=technology,
        person_id=person_id,
        staff_id=staff_id,
        actor=actor,
        now=now,
    )


def born(session: Session, bank_id: str, birth: Birth, *, fresh: bool = True, now: int) -> str | None:
    """Takes a verified birth: the session is the present one unless a later one is known. Says why, if it is not taken.

    Only a `fresh` birth says which list the bank follows now; a retained one may be days old. A trust version that
    this database never issued means that it is empty or older than the bank.
    """
    known = require_joined(session, bank_id)
    number, nonce = birth.session.number, birth.session.nonce
    if number < known.number:
        return "lower_session"
    if number == known.number and known.nonce not in (None, nonce):
        record(session, "session_conflict", now=now, bank_id=bank_id, number=number)
        return "session_conflict"
    if not known.online or known.nonce != nonce:
        record(session, "controller_online", now=now, bank_id=bank_id, software=birth.software)
    standing.begin(session, bank_id, birth, now=now)
    if birth.trust_version > known.trust:
        _hold(session, bank_id, known, "unknown_trust", birth.trust_version, now)
    if fresh:
        follows(session, bank_id, birth.list_version, birth.list_hash, now=now)
    return None


def follows(session: Session, bank_id: str, version: int, list_hash: str | None, *, now: int) -> None:
    """Takes the list a bank says it follows (0: none yet; the hash may be unknown).

    One that this database never issued means that the database is empty or older than the bank: the bank is held
    until someone reconciles the two.
    """
    known = require_joined(session, bank_id)
    if version != known.in_force:
        standing.follow(session, bank_id, version, since=now)
    if not is_known(session, bank_id, version, list_hash):
        _hold(session, bank_id, known, "unknown_list", version, now)


def has_followed(session: Session, bank_id: str, version: int, list_hash: str | None, *, at: int, now: int) -> None:
    """Takes what a bank's journal says of a list it once put in force; entries come late and in any order.

    A list once in force is not taken back by an older one, and one that this database never issued holds the bank
    only where it has issued no newer one: which of the two is followed, the bank itself will say.
    """
    known = standing.standing_of(session.connection(), bank_id)
    if known is None or version <= known.in_force:
        return
    standing.follow(session, bank_id, version, since=at)
    if version >= known.newest and not is_known(session, bank_id, version, list_hash):
        _hold(session, bank_id, known, "unknown_list", version, now)


def is_known(session: Session, bank_id: str, version: int, list_hash: str | None) -> bool:
    """Whether a list (0: none) was issued by this database, or reconciled with it; its hash may be unknown."""
    if version == 0:
        return True
    issued = repository.hash_of_list(session, bank_id, version)
    return issued is not None and (not issued or list_hash in (None, issued))


def died(session: Session, bank_id: str, death: Death, *, now: int) -> bool:
    """Takes a verified death; only the present session's counts."""
    known = require_joined(session, bank_id)
    if (death.session.number, death.session.nonce) != (known.number, known.nonce):
        return False
    if known.online:
        standing.end(session, bank_id, now=now)
        record(session, "controller_offline", now=now, bank_id=bank_id)
    return True


def _hold(session: Session, bank_id: str, known: Standing, why: str, version: int, now: int) -> None:
    if not known.held:
        standing.hold(session, bank_id, why, now=now)
        record(session, "controller_held", now=now, bank_id=bank_id, why=why, version=version)


def _not_joined(bank_id: str) -> NotFoundError:
    return NotFoundError("controller", f"no controller is joined to {bank_id[:60]!r}")
