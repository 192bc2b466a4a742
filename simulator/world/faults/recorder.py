"""What somebody on the broker has overheard: old messages of each topic, to be replayed."""

from random import Random
from typing import TYPE_CHECKING

from wire.topics import Topic, parse_topic

if TYPE_CHECKING:
    from simulator.world.broker_client import Message
    from simulator.world.world import World

_KEPT = 40


class Recorder:
    """A client that listens to everything, as anyone with the broker's password could."""

    def __init__(self, world: "World") -> None:
        self._heard: dict[tuple[str, Topic], list[bytes]] = {}
        self._chance = world.chance.stream("recorder")
        self._world = world
        self._listen()

    def one(self, bank: str, topic: Topic, chance: Random) -> bytes | None:
        """An old message of that bank and topic, of any age."""
        heard = self._heard.get((bank, topic))
        return chance.choice(heard) if heard else None

    def newest(self, bank: str, topic: Topic) -> bytes | None:
        """The last that was heard."""
        heard = self._heard.get((bank, topic))
        return heard[-1] if heard else None

    def _listen(self) -> None:
        self._client = self._world.broker.connect(
            "recorder",
            on_connected=lambda _: self._client.subscribe([("casier/1/#", 0)]),
            on_message=self._hear,
            on_lost=lambda _: self._world.loop.after(600_000, self._listen),
        )

    def _hear(self, message: "Message") -> None:
        parsed = parse_topic(message.topic)
        if parsed is None or not message.payload:
            return
        heard = self._heard.setdefault(parsed, [])
        if message.payload in heard:
            return
        if len(heard) >= _KEPT:
            heard.pop(self._chance.randrange(_KEPT - 1))
        heard.append(message.payload)
