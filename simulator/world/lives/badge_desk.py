"""Badges at the desk: one that was lost is dead first, another is given; some are blocked, some come into stock."""

from random import Random

from sqlalchemy.orm import Session

from gateway.badges import replacing
from gateway.badges import service as badges
from simulator.world.lives.arrivals import Arrivals
from simulator.world.lives.calendar import MINUTE
from simulator.world.lives.office import DONE, LATER, Office
from simulator.world.lives.records import Card, Someone

_AGAIN = 10 * MINUTE


class BadgeDesk:
    """A lost badge is two units: whatever becomes of the new one, the old one stays dead."""

    def __init__(self, office: Office, chance: Random, arrivals: Arrivals) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self._arrivals = arrivals

    def replace(self, who: str, someone: Someone, card: Card, reason: str = "lost") -> str:
        """`card` is dead from now on; a minute later a badge of the stock takes its place."""
        outcome = self._office.act(
            who, "dead_first",
            lambda session, at: replacing.dead_first(session, card.id, reason=reason, actor=who, now=at),
            lambda _, at: self._died(card, at),
        )  # fmt: skip
        if outcome == DONE:
            self._later(MINUTE, who, someone, card)
        return outcome

    def revoke(self, who: str, card: Card, reason: str) -> str:
        """It opens nothing any more."""
        return self._office.act(
            who, "revoke",
            lambda session, at: badges.revoke(session, card.id, reason=reason, actor=who, now=at),
            lambda _, at: self._died(card, at),
        )  # fmt: skip

    def give(self, who: str, someone: Someone, site: str, replaces: Card | None = None) -> str:
        """One of the stock's badges becomes theirs, and how they were recognised is written down."""
        card = next(iter(self._records.stock(site)), None)
        if card is None:
            return "nothing"
        how = self._chance.choice(list(replacing.How)).value

        def do(session: Session, at: int) -> None:
            badge = badges.give(session, card.id, person_id=someone.id, site_id=site, actor=who, now=at)
            if replaces is not None:
                replacing.succeed(badges.badge_of(session, replaces.id), badge)
            replacing.recognise(session, badge.id, how=how, actor=who, now=at)

        def done(_: object, at: int) -> None:
            card.owner, card.given_at = someone.id, at
            someone.cards.append(card)

        return self._office.act(who, "give_badge", do, done)

    def restock(self, who: str, site: str) -> str:
        """Badges that somebody will need."""

        return self._office.act(
            who, "restock",
            lambda session, at: [self._arrivals.badge(session, who, site, at) for _ in range(5)],
            lambda cards, _: self._arrivals.registered(cards),
        )  # fmt: skip

    def _later(self, ms: int, who: str, someone: Someone, card: Card) -> None:
        self._office.gateway.broker.loop.after(ms, self._replaced, who, someone, card)

    def _replaced(self, who: str, someone: Someone, card: Card) -> None:
        if self._office.busy:
            self._later(1, who, someone, card)
        elif self.give(who, someone, card.site, card) == LATER:
            self._later(_AGAIN, who, someone, card)

    def _died(self, card: Card, at: int) -> None:
        if card.dead_at is None or card.dead_lost:
            card.dead_at, card.dead_lost = at, False
