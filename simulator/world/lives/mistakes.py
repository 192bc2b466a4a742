"""What must be refused and is asked for all the same: a locker that is another's, or that nobody has looked into; and a
staff badge that is held to a reader, which opens no door by itself.

At its own pace, from a stream of its own: what else staff do is the same with and without.
"""

from collections.abc import Mapping, Sequence
from random import Random

from simulator.world.lives.arrivals import Arrivals
from simulator.world.lives.calendar import DAY
from simulator.world.lives.office import DONE, LATER, Office
from simulator.world.lives.people import People
from simulator.world.lives.records import Box, Someone

_ASKS = 0.8


class Mistakes:
    """`workers`: by organisation."""

    def __init__(
        self, office: Office, chance: Random, arrivals: Arrivals, people: People,
        workers: Mapping[str, Sequence[str]], acts_a_day: float,
    ) -> None:  # fmt: skip
        self._office = office
        self._records = office.records
        self._chance = chance
        self._arrivals = arrivals
        self._people = people
        self._workers = workers
        self._gap_ms = DAY / acts_a_day
        self._visitor = Someone("", "staff", "", chance)

    def live(self) -> None:
        """From now on."""
        self._office.later(max(2, round(self._chance.expovariate(1.0) * self._gap_ms)), self._turn)

    def _turn(self) -> str:
        outcome = self.ask() if self._chance.random() < _ASKS else self.tap()
        if outcome != LATER:
            self.live()
        return outcome

    def ask(self) -> str:
        """Somebody is to have, from today on, what is not free to be given."""
        now = self._office.gateway.now()
        boxes = [box for box in self._records.boxes.values() if _is_held(box, now) or _is_unseen(box, now)]
        if not boxes:
            return "nothing"
        box = self._chance.choice(boxes)
        scheme = self._arrivals.scheme_of(box)
        people = [
            one for one in self._records.people.values()
            if one.organisation == scheme.organisation and not (one.lost or one.erased or one.died)
            and (one.eligible or box.service == "lockers")
        ]  # fmt: skip
        if not people:
            return "nothing"
        who = self._chance.choice(self._workers[scheme.organisation])
        outcome = self._arrivals.ask_in_vain(who, self._chance.choice(people), box, self._chance.randint(1, 60))
        if outcome == DONE:
            self._office.violated("belongings", f"locker {box.number} of {box.bank} was given, and was not free for it")
        return outcome

    def tap(self) -> str:
        """At the bank where they happen to be."""
        cards = [card for card in self._records.cards.values() if card.staff and card.dead_at is None]
        if not cards:
            return "nothing"
        card = self._chance.choice(cards)
        banks = sorted({box.bank for box in self._records.boxes.values() if box.site == card.site})
        self._records.counts["staff badges shown"] += 1
        self._people.show(self._visitor, card, self._chance.choice(banks))
        return DONE


def _is_held(box: Box, now: int) -> bool:
    """Whether somebody has it now, for all that the gateway knows."""
    return any(not hold.lost and hold.from_at <= now < hold.until_at for hold in box.held)


def _is_unseen(box: Box, now: int) -> bool:
    """Whether nobody has it, nor will, and nobody has looked since it was left."""
    return box.free(now) and (box.taken_out or bool(box.lacking(now)))
