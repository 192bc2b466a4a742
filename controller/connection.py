"""What the uplink needs of a connection to the broker; `mqtt_connection.py` is the real one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from controller.config import BrokerSection

OnMessage = Callable[[str, bytes, bool], None]
Acknowledged = Callable[[], None]


class Connection(Protocol):
    """Open once, use, close. `lost` is done, with the reason, when it is over."""

    lost: asyncio.Future[str]

    @property
    def up(self) -> bool:
        """Whether the broker has accepted this connection and it is not known to be lost."""

    async def open(self) -> None:
        """Connect and wait for the broker's word. Raises LinkError; NotAcceptedError only where that is certain."""

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe with QoS 1, Retain As Published, and wait for the broker's word. Raises LinkError."""

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool = False, acknowledged: Acknowledged | None = None
    ) -> bool:
        """Hand a message to the connection; False (and nothing is kept) while not connected.

        `acknowledged` runs on the loop, once, if the broker acknowledges it (QoS 1) on this connection.
        """

    async def acknowledged_below(self, count: int) -> None:
        """Wait until fewer than `count` messages lack the broker's acknowledgement, or the connection is lost."""

    def close(self) -> None:
        """End the connection in order if it is up."""


class Connect(Protocol):
    """Makes a connection that is not open yet. `on_message(topic, payload, retained)` runs on the loop."""

    def __call__(
        self, broker: BrokerSection, client_id: str, will_topic: str, will: bytes, on_message: OnMessage
    ) -> Connection:
        """Touches neither disk nor network."""
