"""What a broker that is not to be trusted does to a message: lose, double, reorder, delay, replay, retain."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Protocol

from msgspec import Struct, structs

REORDER_MS = (20, 5_000)
# Up to when a command is as fresh as it was, and its door may be shut again.
DOUBLED_MS = (3_000, 29_000)
DELAY_MS = (1_000, 10 * 86_400_000)
# Messages of all ages are kept to be replayed: each ever seen is as likely to be among them.
REMEMBERED = 200
KINDS = ("lose", "double", "reorder", "delay", "replay", "retain")


class Publication(Struct, frozen=True):
    """A message as it was published. `expires_ms`: None never."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    expires_ms: int | None = None


class Later(Protocol):
    """Has the broker route a message after so many milliseconds; past its expiry, too."""

    def __call__(self, publication: Publication, after_ms: int) -> None:
        """Now, where it is 0."""
        ...


class Mischief:
    """`chances` by kind say how likely each is for one message, in [0, 1]; each kind draws from its own stream.

    `names` limits it to topics whose last level is one of them. What is replayed was published while replaying was on.
    """

    def __init__(self, streams: Callable[[str], Random]) -> None:
        self._streams = {kind: streams(f"broker {kind}") for kind in KINDS}
        self._chances: dict[str, float] = {}
        self._names: frozenset[str] = frozenset()
        # Whether a message is taken out of the broker's hands.
        self.takes: Callable[[Publication], bool] | None = None
        self._seen = 0
        self._remembered: list[Publication] = []
        self.done: dict[str, int] = dict.fromkeys(KINDS, 0)

    @property
    def is_idle(self) -> bool:
        """Whether every message goes on as it is."""
        return not self._chances

    def set(self, chances: Mapping[str, float], names: frozenset[str] = frozenset()) -> None:
        """From now on; kinds that are not named do not happen. Raises KeyError for an unknown kind."""
        self._chances = {kind: chances[kind] for kind in KINDS if chances.get(kind)}
        self._names = names
        if unknown := set(chances).difference(KINDS):
            raise KeyError(f"no such mischief: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")

    def route(self, publication: Publication, later: Later) -> None:
        """Hands the message on, as it is or as it will be."""
        if self.takes is not None and self.takes(publication):
            return
        if not self._chances or (self._names and publication.topic.rpartition("/")[2] not in self._names):
            later(publication, 0)
            return
        self._replay(publication, later)
        if self._happens("lose"):
            return
        if self._happens("retain"):
            publication = structs.replace(publication, retain=True)
        after_ms = 0
        if self._happens("delay"):
            after_ms = self._long_ms(self._streams["delay"])
        elif self._happens("reorder"):
            after_ms = self._streams["reorder"].randint(*REORDER_MS)
        later(publication, after_ms)
        if self._happens("double"):
            stream = self._streams["double"]
            later(publication, stream.choice((0, after_ms + 1, after_ms + stream.randint(*DOUBLED_MS))))

    def _replay(self, publication: Publication, later: Later) -> None:
        if "replay" not in self._chances:
            return
        stream = self._streams["replay"]
        if self._remembered and self._happens("replay"):
            later(stream.choice(self._remembered), stream.randint(*REORDER_MS))
        self._seen += 1
        if len(self._remembered) < REMEMBERED:
            self._remembered.append(publication)
        elif (at := int(stream.random() * self._seen)) < REMEMBERED:
            self._remembered[at] = publication

    def _happens(self, kind: str) -> bool:
        chance = self._chances.get(kind)
        if chance is None or self._streams[kind].random() >= chance:
            return False
        self.done[kind] += 1
        return True

    @staticmethod
    def _long_ms(stream: Random) -> int:
        """Seconds are as likely as days."""
        low, high = DELAY_MS
        return int(low * (high / low) ** stream.random())
