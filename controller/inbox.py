"""Sans-IO: what comes down the wire, verified, decoded and turned into inputs; what does not verify is only counted."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.errors import TrustError
from controller.inputs import BadgeKeysReceived, CommandReceived, Input, ListReceived, Refused
from controller.trust import TrustStore
from wire.access_list import decode_access_list, list_hash
from wire.errors import WireError
from wire.messages import Command, Receipt, decode
from wire.topics import Topic


@dataclass(frozen=True, slots=True)
class StateReceived:
    """An accepted trust document or key message, to be kept under `name` as it came."""

    name: str
    envelope: bytes


Arrival = Input | Receipt | StateReceived


class Inbox:
    """Accepts messages of the five topics that go down. `list_in_force` gives the hash of the list in force."""

    def __init__(self, trust: TrustStore, list_in_force: Callable[[], str | None]) -> None:
        self._trust = trust
        self._list_in_force = list_in_force
        self._early: dict[Topic, bytes] = {}

    def receive(self, topic: Topic, envelope: bytes, retained: bool, at: int) -> list[Arrival]:
        """What a message means; `at` (the instant that judges ends) decides whether its key is still accepted."""
        try:
            return self._arrivals(topic, envelope, retained, at)
        except (WireError, TrustError) as error:
            if error.code == "key" and topic in (Topic.KEYS, Topic.ACCESS):
                self._early[topic] = envelope  # it may have overtaken the trust document that names its key
            return [Refused(topic.value, error.code)]

    def _arrivals(self, topic: Topic, envelope: bytes, retained: bool, at: int) -> list[Arrival]:
        if topic is Topic.TRUST:
            return self._trusted(envelope, at)
        if topic is Topic.KEYS:
            return self._keys(envelope, at)
        payload = self._trust.payload(envelope, topic, at)
        if topic is Topic.ACCESS:
            if list_hash(payload) == self._list_in_force():
                return []
            return [ListReceived(decode_access_list(payload), payload, envelope)]
        if topic is Topic.COMMANDS:
            return [CommandReceived(decode(payload, Command), retained)]
        if topic is Topic.RECEIPTS:
            return [decode(payload, Receipt)]
        return [Refused(topic.value, "topic")]

    def _trusted(self, envelope: bytes, at: int) -> list[Arrival]:
        if not self._trust.accept_trust(envelope):
            return []
        arrivals: list[Arrival] = [StateReceived("trust", envelope)]
        early, self._early = self._early, {}
        for topic in (Topic.KEYS, Topic.ACCESS):
            if topic in early:
                arrivals += self.receive(topic, early[topic], False, at)
        return arrivals

    def _keys(self, envelope: bytes, at: int) -> list[Arrival]:
        if not self._trust.accept_keys(envelope, at):
            return []
        return [StateReceived("keys", envelope), BadgeKeysReceived(dict(self._trust.badge_keys))]
