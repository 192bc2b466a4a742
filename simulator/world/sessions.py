"""What a broker keeps: sessions with their subscriptions and what waits in them, and retained messages."""

from dataclasses import dataclass, field

from simulator.world.mischief import Publication


@dataclass(slots=True)
class Subscription:
    """What a client asked of a topic filter."""

    qos: int
    retain_as_published: bool


@dataclass(slots=True)
class Queued:
    """A message on its way to one client."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    expires_ms: int | None


@dataclass(slots=True)
class Session:
    """What the broker keeps for a client: subscriptions, what it has not acknowledged, what waits."""

    client_id: str
    receive_maximum: int
    expiry_s: int
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    sent: dict[int, Queued] = field(default_factory=dict)
    waiting: list[Queued] = field(default_factory=list)
    last_mid: int = 0
    ends_ms: int | None = None


@dataclass
class Stored:
    """A broker's database at one moment."""

    sessions: dict[str, Session] = field(default_factory=dict)
    retained: dict[str, Publication] = field(default_factory=dict)


def matches(name: str, topic: str) -> bool:
    """Whether a topic filter, with `+` for one level and a last `#` for the rest, matches a topic."""
    levels, parts = name.split("/"), topic.split("/")
    if levels[-1] == "#":
        levels, parts = levels[:-1], parts[: len(levels) - 1]
    return len(levels) == len(parts) and all(level in ("+", part) for level, part in zip(levels, parts, strict=True))


def best_of(session: Session, topic: str) -> Subscription | None:
    """Where several of a client's subscriptions match, it gets the message once, by the highest QoS."""
    found = [subscription for name, subscription in session.subscriptions.items() if matches(name, topic)]
    return max(found, key=lambda subscription: subscription.qos, default=None)
