"""Everything that goes down to the banks: trust, badge keys, access lists, commands, receipts.

Nothing but receipts and `send_access` goes to a bank until this run of the gateway has seen, by its birth, that the
bank follows a list that this database knows.
"""

import threading
from collections.abc import Callable, Iterable

import structlog
from sqlalchemy.exc import DBAPIError

from gateway.access import lists, service
from gateway.access.changes import AccessChanged, CommandReady, ControllersChanged
from gateway.access.keystore import Keystore
from gateway.access.listed import badge_keys, site_of_bank
from gateway.access.repository import Issued
from gateway.access.standing import Standing, standing_of, standings
from gateway.db import REFUSED, Database
from gateway.errors import NotFoundError
from gateway.ingest.service import Reach, reaches_at_birth
from gateway.link.presence import Following, Presence
from gateway.link.transport import Transport
from wire.errors import MessageError
from wire.keys import seal
from wire.limits import COMMAND_FRESH_MS, MAX_INSTANT
from wire.messages import Birth, Keys, Receipt, SealedKey, Trust, TrustedKey, encode
from wire.messages import Session as WireSession
from wire.topics import Topic, topic_name

log = structlog.get_logger("gateway.link")

# How long controllers accept the signing key with no new trust document; a new one is issued at half.
SIGNING_KEY_MS = 400 * 86_400_000


class Publisher:
    """Acts after commits; one lock keeps what is published in the order in which it was issued."""

    def __init__(
        self,
        database: Database,
        keystore: Keystore,
        presence: Presence,
        transport: Transport,
        now: Callable[[], int],
    ) -> None:
        self._database = database
        self._keystore = keystore
        self._presence = presence
        self._transport = transport
        self._now = now
        self._lock = threading.Lock()
        # By bank the list that holds, without its bytes, until this process hears of a change; of others' `renew` does.
        self._holds: dict[str, Issued] = {}
        # By bank the session that was told trust and keys.
        self._told: dict[str, WireSession] = {}
        # Banks to which this process has sent trust since they were held last: before, another key may have signed.
        self._trusting: set[str] = set()

    def heard(self, news: object) -> None:
        """A listener of the database."""
        if isinstance(news, AccessChanged):
            self.publish_access(news.bank_id)
        elif isinstance(news, CommandReady):
            self._send(news.bank_id, Topic.COMMANDS, news.envelope, expiry_s=COMMAND_FRESH_MS // 1_000)
        elif isinstance(news, ControllersChanged):
            self.settle(news.bank_id, again=True)

    def publish_access(self, bank_id: str) -> None:
        """Issues the bank's list if it would change or grows old, and publishes it if the bank is settled."""
        with self._lock:
            before, issued = self._issue(bank_id)
            if issued is not None and issued.version != before and self._presence.is_settled(bank_id):
                self._publish_list(bank_id, issued)

    def settle(self, bank_id: str, *, again: bool = False) -> None:
        """Brings a bank that is heard to what this database holds, unless it is held, or follows a list that this
        database does not know: it may have been away when the bank said so, and will be told again. `again`: trust and
        keys too, although its session was told them."""
        birth, following = self._presence.birth_of(bank_id), self._presence.following(bank_id)
        if birth is None or following is None:
            return
        with self._lock:
            with self._database.reading() as session:
                standing = standing_of(session.connection(), bank_id)
                names = badge_keys(session, site_of_bank(session, bank_id).id) if standing else ()
                known = service.is_known(session, bank_id, following.version, following.hash)
            if standing is None or standing.held or not known:
                self._presence.unsettle(bank_id)
                self._trusting.discard(bank_id)
                return
            self._presence.settle(bank_id)
            if again or self._told.get(bank_id) != birth.session:
                self._publish_trust(bank_id, standing.trust, birth.trust_version)
                if not names or set(names) != set(birth.badge_keys):
                    self._publish_keys(bank_id)
                self._told[bank_id] = birth.session
            holds = self._holds.get(bank_id)
            if holds is not None and _is_followed(holds, following) and lists.is_young(holds, self._now()):
                return
            _before, issued = self._issue(bank_id)
            if issued is not None and not _is_followed(issued, following):
                self._publish_list(bank_id, issued)

    def receipts_at_birth(self, bank_id: str, birth: Birth) -> None:
        """One receipt per epoch of the birth, and per epoch that this database lacks something of."""
        with self._database.writing() as session:
            due = reaches_at_birth(session, bank_id, birth.epochs, now=self._now())
        self.send_receipts(due)

    def send_receipts(self, due: Iterable[Reach]) -> None:
        """Receipts for the banks' present sessions; a bank that is not here gets them at its next birth."""
        sessions: dict[str, WireSession | None] = {}
        for reach in due:
            if reach.bank_id not in sessions:
                sessions[reach.bank_id] = self._session_of(reach.bank_id)
            session = sessions[reach.bank_id]
            if session is not None:
                receipt = Receipt(reach.bank_id, session, reach.epoch, reach.through, reach.hash, self._now())
                self._send(reach.bank_id, Topic.RECEIPTS, self._keystore.sign(Topic.RECEIPTS, encode(receipt)))

    def renew(self) -> None:
        """Called now and then: lists whose lease is at half, trust that grows old, changes by another process.

        What nobody foresaw at one bank holds up no other's lease. Raises DBAPIError if the database is away.
        """
        with self._database.asking() as connection:
            banks = standings(connection)
        for bank_id, standing in banks.items():
            try:
                self._renew(bank_id, standing)
            except Exception as error:
                if isinstance(error, DBAPIError) and not isinstance(error, REFUSED):
                    raise
                log.exception("not_renewed", bank=bank_id)

    def _renew(self, bank_id: str, standing: Standing) -> None:
        if not self._presence.is_settled(bank_id):
            self.settle(bank_id)
        elif not standing.held:
            self.publish_access(bank_id)
            if self._now() - standing.trust > SIGNING_KEY_MS // 2:
                with self._lock:
                    self._publish_trust(bank_id, standing.trust, 0)

    def _issue(self, bank_id: str) -> tuple[int, Issued | None]:
        """The version issued before, and the list that now holds; none for a bank that is held or has no controller."""
        self._holds.pop(bank_id, None)
        try:
            with self._database.writing() as session:
                standing = standing_of(session.connection(), bank_id)
                if standing is None or standing.held:
                    return 0, None
                issued = lists.issue(
                    session, bank_id, lambda payload: self._keystore.sign(Topic.ACCESS, payload), now=self._now()
                )
            self._holds[bank_id] = issued._replace(envelope=None)
        except (MessageError, NotFoundError) as error:
            log.warning("list_not_issued", bank=bank_id, code=error.code, why=str(error))
            return 0, None
        return standing.newest, issued

    def _publish_list(self, bank_id: str, issued: Issued) -> None:
        if issued.envelope is not None:
            self._send(bank_id, Topic.ACCESS, issued.envelope, retain=True)

    def _publish_trust(self, bank_id: str, newest: int, known: int) -> None:
        """The signing key, where the bank does not know the newest trust document or it has grown old; and once from
        this process, which may sign with another key than the one that the newest document names."""
        now = self._now()
        if bank_id in self._trusting and newest and known == newest and now - newest <= SIGNING_KEY_MS // 2:
            return
        with self._database.writing() as session:
            row = service.controller_of(session, bank_id)
            row.trust_version = max(row.trust_version + 1, known + 1, now)
            version = row.trust_version
        # Its age is read from its version, also where this clock is far behind what banks were told before.
        key = TrustedKey(self._keystore.signing_public, min(version + SIGNING_KEY_MS, MAX_INSTANT))
        trust = encode(Trust(bank_id, version, (key,)))
        self._send(bank_id, Topic.TRUST, self._keystore.sign(Topic.TRUST, trust), retain=True)
        self._trusting.add(bank_id)

    def _publish_keys(self, bank_id: str) -> None:
        """The site's badge keys, sealed; one is made if it has none."""
        with self._database.writing() as session:
            site_id = site_of_bank(session, bank_id).id
            names = list(badge_keys(session, site_id))
            names = names or [service.ensure_badge_key(session, self._keystore, site_id, now=self._now())]
            row = service.controller_of(session, bank_id)
            row.keys_version = max(row.keys_version + 1, self._now())
            version, recipient = row.keys_version, row.encryption_public
        sealed = tuple(
            SealedKey(name, seal(self._keystore.badge_key(name), recipient, f"{bank_id}/{name}")) for name in names
        )
        keys = encode(Keys(bank_id, version, sealed))
        self._send(bank_id, Topic.KEYS, self._keystore.sign(Topic.KEYS, keys), retain=True)

    def _session_of(self, bank_id: str) -> WireSession | None:
        birth = self._presence.birth_of(bank_id)
        if birth is not None:
            return birth.session
        with self._database.asking() as connection:
            standing = standing_of(connection, bank_id)
        if standing is None or not standing.online or standing.nonce is None:
            return None
        return WireSession(standing.number, standing.nonce)

    def _send(
        self, bank_id: str, topic: Topic, envelope: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> None:
        if not self._transport.publish(topic_name(bank_id, topic), envelope, retain=retain, expiry_s=expiry_s):
            log.warning("not_sent", bank=bank_id, topic=topic.value)


def _is_followed(issued: Issued, following: Following) -> bool:
    """Whether the list is the one that the bank says it follows."""
    return issued.version == following.version and following.hash in (None, issued.hash)
