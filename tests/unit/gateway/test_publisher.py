"""What a gateway tells its banks to trust, and that one bank's trouble is no other's."""

from dataclasses import dataclass, field

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.access import lists, service
from gateway.access.keystore import Keystore
from gateway.link.presence import Presence
from gateway.link.publisher import SIGNING_KEY_MS, Publisher
from gateway.lockers import service as places
from tests.unit.gateway.town import DAY, NOON, Town
from wire.envelope import Envelope
from wire.keys import controller_token
from wire.messages import Birth, Session, Trust, decode


@dataclass
class Broker:
    """A transport that remembers the trust documents."""

    trust: list[Trust] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        if topic.endswith("/trust"):
            self.trust.append(decode(msgspec.json.decode(payload, type=Envelope).payload, Trust))
        return True


@dataclass
class Gateway:
    """One process after the other on a town's database."""

    town: Town
    broker: Broker = field(default_factory=Broker)
    now: int = NOON
    sessions: int = 0

    def starts(self, keystore: Keystore | None = None) -> None:
        self.presence = Presence(lambda: 0)
        self.publisher = Publisher(
            self.town.database, keystore or self.town.keystore, self.presence, self.broker, lambda: self.now  # type: ignore[arg-type]
        )  # fmt: skip

    def hears(self, trust_version: int, bank: str = "montreuil-1") -> None:
        self.sessions += 1
        session = Session(self.sessions, f"{self.sessions:032x}")
        birth = Birth(bank, session, "b" * 32, "1.0", "boot", NOON, trust_version, 0, None, (), ())
        with self.town.writing() as unit:
            assert service.born(unit, bank, birth, now=self.now) is None
        self.presence.born(bank, birth, retained=False)
        self.publisher.settle(bank)


@pytest.fixture
def gateway(town: Town) -> Gateway:
    made = Gateway(town)
    made.starts()
    return made


def test_a_gateway_whose_clock_is_years_behind_tells_no_key_that_has_ended(gateway: Gateway) -> None:
    gateway.hears(0)
    (told,) = gateway.broker.trust
    gateway.now = NOON - 900 * DAY
    gateway.starts()
    gateway.hears(told.version - 1)
    again = gateway.broker.trust[-1]
    assert again.version > told.version
    assert again.keys[0].not_after == again.version + SIGNING_KEY_MS


def test_a_signing_key_made_anew_is_told_at_once(gateway: Gateway, town: Town) -> None:
    gateway.hears(0)
    (town.keystore._directory / "signing.key").unlink()
    renewed = Keystore(town.keystore._directory.parent)
    gateway.starts(renewed)
    gateway.hears(gateway.broker.trust[0].version)
    assert [trust.keys[0].public for trust in gateway.broker.trust] == [
        town.keystore.signing_public, renewed.signing_public,
    ]  # fmt: skip


def test_a_bank_that_knows_the_newest_trust_is_told_it_once_by_each_run_of_the_gateway(gateway: Gateway) -> None:
    for _session in range(3):
        gateway.hears(gateway.broker.trust[-1].version if gateway.broker.trust else 0)
    assert len(gateway.broker.trust) == 1


def test_what_nobody_foresaw_at_one_bank_holds_up_no_other_s_lease(
    gateway: Gateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = (Ed25519PrivateKey.generate().public_key(), X25519PrivateKey.generate().public_key())
    with town.writing() as session:
        places.add_bank(session, site_id=town.site_id, bank_id="zola-1", name="Zola", actor="test", now=NOON)
        token = controller_token(*(key.public_bytes_raw() for key in keys))
        service.add_controller(session, bank_id="zola-1", keys=token, actor="test", now=NOON)
    gateway.hears(0)
    gateway.hears(0, "zola-1")
    issue, asked = lists.issue, []

    def issued(session: object, bank_id: str, *rest: object, **more: object) -> object:
        asked.append(bank_id)
        if bank_id == town.bank:
            raise KeyError("nobody foresaw this")
        return issue(session, bank_id, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(lists, "issue", issued)
    gateway.publisher.renew()
    assert asked == [town.bank, "zola-1"]
