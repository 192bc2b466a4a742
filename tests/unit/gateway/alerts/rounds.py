"""What happens in the town, and a round of the alerts: what they send about it, and whether it arrives."""

from collections.abc import Callable

from sqlalchemy import select

from gateway.alerts import delivery, raising, service
from gateway.alerts.models import AlertChannel, AlertDelivery
from gateway.events import service as events
from gateway.lockers.models import Observation
from tests.unit.gateway.town import NOON, Town

MINUTE = 60_000
HOUR = 60 * MINUTE
ADDRESS = "json://127.0.0.1:9/secret"


class Post:
    """What was sent, and whether it arrives."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []
        self.works = True

    def __call__(self, address: str, title: str, body: str) -> bool:
        assert address == ADDRESS
        if self.works:
            self.letters.append((title, body))
        return self.works


def channel(town: Town, **terms: object) -> AlertChannel:
    with town.writing() as session:
        return service.add_channel(
            session, label="Mobile", address=ADDRESS, language="en", actor="test", now=NOON, **terms,  # type: ignore
        )  # fmt: skip


def happens(town: Town, kind: str, locker: int | None = 3, fault: str | None = None, now: int = NOON, **facts: object):
    """As ingest stores it: the entry in the feed, and what is known of the door."""
    with town.writing() as session:
        events.record(session, kind, now=now, bank_id=town.bank, locker=locker, **facts)
    if locker is not None:
        stands(town, locker, fault, now)


def stands(town: Town, locker: int, fault: str | None, now: int = NOON) -> None:
    with town.writing() as session:
        row = session.get(Observation, (town.bank, locker))
        if row is None:
            row = Observation(bank_id=town.bank, number=locker, out_of_service=False, as_of_epoch="", as_of_seq=0)
            session.add(row)
        row.door, row.fault, row.since, row.as_of = "open" if fault else "closed", fault, now, now


def round_of(town: Town, post: Post, now: int, *sources: Callable) -> list[str]:
    before = len(post.letters)
    raising.look(town.database, sources, now=now)
    delivery.deliver(town.database, post, clock=lambda: now)
    return [title for title, _body in post.letters[before:]]


def states(town: Town) -> list[str]:
    with town.reading() as session:
        return list(session.scalars(select(AlertDelivery.state).order_by(AlertDelivery.id)))
