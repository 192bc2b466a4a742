"""What the link needs of the connection to the broker, and the order in which messages are acknowledged."""

from dataclasses import dataclass
from typing import Protocol

from wire.topics import PREFIX, UP, Topic


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came. `connection` counts connections: an acknowledgement belongs to one of them."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    connection: int


class Transport(Protocol):
    """The connection to the broker as the link's parts see it."""

    @property
    def is_connected(self) -> bool:
        """Whether what is published now is sent."""
        ...

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        """Sends now or not at all; False if it was not sent."""
        ...

    def acknowledge(self, message: Received) -> None:
        """Lets the broker forget the message."""
        ...

    def ask_for_retained(self) -> None:
        """Has the broker send every retained status once more."""
        ...

    def keep_alive(self) -> None:
        """Mends the connection's own parts. Called now and then."""
        ...


class Acknowledgements:
    """What of one connection may be acknowledged, in the order in which messages came (MQTT-4.6.0-2)."""

    def __init__(self) -> None:
        self.connection = 0
        self._waiting: dict[int, bool] = {}

    def connected(self) -> None:
        """A new connection: what came over the one before is delivered again anyway."""
        self.connection += 1
        self._waiting.clear()

    def arrived(self, message: Received) -> None:
        """To be acknowledged one day."""
        if message.qos:
            self._waiting[message.mid] = False

    def done(self, message: Received) -> list[int]:
        """The ids of the messages that may be acknowledged now that this one is done with."""
        if message.connection != self.connection or message.mid not in self._waiting:
            return []
        self._waiting[message.mid] = True
        due = []
        for mid, is_done in self._waiting.items():
            if not is_done:
                break
            due.append(mid)
        for mid in due:
            del self._waiting[mid]
        return due


def is_journal(topic: str) -> bool:
    """Whether a topic carries journal batches."""
    return topic.endswith(f"/{Topic.EVENTS}")


def subscription(topic: Topic) -> tuple[str, int]:
    """The filter for every bank's topic, and its QoS."""
    return f"{PREFIX}/+/{topic}", 0 if topic is Topic.HEALTH else 1


# Every topic that goes up; `status` by itself, because it is subscribed to anew now and then.
SUBSCRIPTIONS = tuple(subscription(topic) for topic in UP if topic is not Topic.STATUS)
STATUS = subscription(Topic.STATUS)
