"""The lives of staff: now and then one of them does what is to be done, or what they think is to be done."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from simulator.world.lives.arrivals import Arrivals
from simulator.world.lives.badge_desk import BadgeDesk
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.calendar import DAY, MINUTE, day_of, minute_of_week
from simulator.world.lives.caring import Caring
from simulator.world.lives.deciding import IN_TURN, Deciding
from simulator.world.lives.fates import Fates
from simulator.world.lives.office import LATER, Office
from simulator.world.lives.openings import Openings
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Box, Someone
from simulator.world.lives.servicing import Servicing
from simulator.world.loop import VirtualLoop

_LATER_MS = 10 * MINUTE
_OPEN = (8 * 60, 20 * 60)
_ON = (Life.DRAFT, Life.UPCOMING, Life.ACTIVE, Life.SUSPENDED, Life.ENDING)
_BY_DAY = 0.8
# The share of a day in which they act.
_AWAKE = 0.55
# How often each decision is thought of, in proportion.
_DECISIONS = {
    "sign": 3, "suspend": 2, "resume": 2, "renew": 4, "move": 1, "plan_end": 1, "end": 2, "say_how": 1, "emptied": 3,
    "join": 1, "part": 1, "trust": 1, "distrust": 1, "leave_notice": 1, "give_notice": 1,
}  # fmt: skip
# A suspension that is planned, and not in force yet.
_TAKE_BACK = ("resume", Life.ACTIVE)


@dataclass(frozen=True)
class Tempo:
    """How much staff do a day, and for how many days contracts are made."""

    acts_a_day: float = 1.5
    term_days: int = 120


class Staff:
    """`workers`: account ids by organisation. Each turn of theirs is one timer."""

    def __init__(
        self, office: Office, chance: Random, arrivals: Arrivals, workers: dict[str, list[str]], tempo: Tempo
    ) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self._arrivals = arrivals
        self._workers = workers
        self._tempo = tempo
        self._deciding = Deciding(office, chance)
        self._fates = Fates(office, chance, self._deciding)
        self._belongings = Belongings(office, chance)
        self._badges = BadgeDesk(office, chance, arrivals)
        self._openings = Openings(office, chance)
        self._servicing = Servicing(office, chance)
        self._caring = Caring(office, chance)
        self._loop: VirtualLoop = office.gateway.broker.loop
        self.resting = False
        self._done: Counter[tuple[str, Life]] = Counter()
        self._thought_of: list[tuple[int, Callable[[], str]]] = [
            (6, self._settle), (4, self._fill), (8, self._decide), (1, self._clash), (1, self._out_of_turn),
            (3, self._belongings_left), (3, self._care), (2, self._lost_badge), (1, self._block), (2, self._open),
            (1, self._away), (1, self._back), (1, self._fate), (1, self._wait), (1, self._second_badge),
            (4, self._out_of_service),
        ]  # fmt: skip

    def live(self) -> None:
        """From now on. Most of what staff do, they do by day."""
        gap = self._gap()
        minute = minute_of_week(self._loop.now_ms + gap)[1]
        if not _OPEN[0] <= minute < _OPEN[1] and self._chance.random() < _BY_DAY:
            gap += (_OPEN[0] - minute) % (24 * 60) * MINUTE + self._gap()
        self._loop.after(gap, self._turn)

    def _gap(self) -> int:
        return max(2, round(self._chance.expovariate(1.0) * DAY * _AWAKE / self._tempo.acts_a_day))

    def _turn(self) -> None:
        if self.resting:
            return
        if self._office.busy:
            self._loop.after(1, self._turn)
            return
        self._office.hear()
        weights = [weight for weight, _ in self._thought_of]
        for _, thought in self._chance.choices(self._thought_of, weights, k=4):
            outcome = thought()
            if outcome == LATER:
                self._loop.after(_LATER_MS, self._turn)
                return
            if outcome != "nothing":
                break
        self.live()

    def _who(self, organisation: str) -> str:
        """One of them, or whoever stands in while they are on leave."""
        return self._records.acting(self._chance.choice(self._workers[organisation]), day_of(self._loop.now_ms))

    def _who_for(self, pact: Pact) -> str:
        return self._who(self._records.people[pact.parts[0].person].organisation)

    # What they think of

    def _settle(self) -> str:
        """Lockers that nobody has, and that nobody has looked at: so that they can be given again."""
        now = self._office.gateway.now()
        boxes = [
            box for box in self._records.boxes.values()
            if (box.taken_out or box.lacking(now)) and box.vacant(now)
        ]  # fmt: skip
        if not boxes:
            return "nothing"
        box = self._chance.choice(boxes)
        who = self._who(self._arrivals.scheme_of(box).organisation)
        if box.inside is not None and not box.holds_strange and not box.taken_out:
            return self._belongings.begin(who, box.inside, box)
        return self._belongings.look(who, box)

    def _fill(self) -> str:
        """A locker is free: for whoever waits, someone who was here before, or someone new."""
        now = self._office.gateway.now()
        boxes = [box for box in self._records.boxes.values() if box.ready(now)]
        if not boxes:
            return "nothing"
        box = self._chance.choice(boxes)
        scheme = self._arrivals.scheme_of(box)
        who = self._who(scheme.organisation)
        waiting = next(
            (one for one in self._records.waiting if one.closed_at is None and one.organisation == scheme.organisation),
            None,
        )
        someone = self._records.people[waiting.person] if waiting else self._returning(box, now)
        if someone is None:
            term = self._arrivals.term(now)
            return self._office.act(
                who, "arrival", lambda session, at: self._arrivals.come(session, who, scheme, box, term, at),
                lambda made, at: self._arrivals.arrived(made, who, at),
            )  # fmt: skip
        if scheme.service == "luggage" and not someone.eligible and self._chance.random() < 0.8:
            return self._office.act(
                who, "eligible",
                lambda session, at: self._arrivals.find_eligible(session, who, someone, scheme, at),
                lambda *_: setattr(someone, "eligible", True),
            )  # fmt: skip
        outcome = self._given(who, someone, box, now)
        if outcome == "done" and waiting is not None:
            self._loop.after(MINUTE, lambda: self._arrivals.leave_list(who, waiting, someone.pact))
        if outcome == "done" and not any(card.dead_at is None and not card.lost for card in someone.cards):
            self._loop.after(2 * MINUTE, lambda: self._badges.give(who, someone, box.site))
        return outcome

    def _given(self, who: str, someone: Someone, box: Box, now: int) -> str:
        """A new contract, or the one before is followed by it."""
        former = [
            pact for pact in self._records.pacts.values()
            if pact.state(now) is Life.ENDED and pact.signed_at is not None
            and (pact.present.bank, pact.present.number) == (box.bank, box.number)
        ]  # fmt: skip
        if former and self._chance.random() < 0.5:
            return self._arrivals.reassign(who, former[-1], someone)
        return self._arrivals.assign(who, someone, box)

    def _returning(self, box: Box, now: int) -> Someone | None:
        organisation = self._arrivals.scheme_of(box).organisation
        known = [
            one for one in self._records.people.values()
            if one.organisation == organisation and not one.died and not one.away
            and one.pacts and all(pact.state(now) is Life.ENDED for pact in one.pacts)
        ]  # fmt: skip
        return self._chance.choice(known) if known and self._chance.random() < 0.5 else None

    def _decide(self) -> str:
        """Whatever may be decided somewhere; what was decided least so far is thought of most."""
        lives = self._lives()
        ways = [(action, state) for action in _DECISIONS for state in IN_TURN[action] if state in lives]
        now = self._office.gateway.now()
        planned = [pact for pact in lives.get(Life.ACTIVE, ()) if pact.pause_ahead(now)]
        if planned:
            ways.append(_TAKE_BACK)
        if not ways:
            return "nothing"
        weights = [_DECISIONS[action] / (1 + self._done[action, state]) for action, state in ways]
        action, state = self._chance.choices(ways, weights)[0]
        pact = self._chance.choice(planned if (action, state) == _TAKE_BACK else lives[state])
        outcome = self._deciding.decide(self._who_for(pact), action, pact)
        self._done[action, state] += outcome != "nothing"
        return outcome

    def _clash(self) -> str:
        """Two look at one contract, and both decide: one wins, the other is told."""
        pact = self._pact((Life.ACTIVE, Life.SUSPENDED, Life.ENDING))
        if pact is None:
            return "nothing"
        seen, first, second = len(pact.decisions), self._who_for(pact), self._who_for(pact)
        one, other = self._chance.choices(["suspend", "renew", "end", "plan_end", "leave_notice", "emptied"], k=2)
        self._loop.after(2, lambda: self._deciding.decide(second, other, pact, seen=seen))
        return self._deciding.decide(first, one, pact)

    def _out_of_turn(self) -> str:
        """Somebody has misunderstood."""
        pact = self._pact(tuple(Life))
        if pact is None:
            return "nothing"
        return self._deciding.decide(self._who_for(pact), self._chance.choice(list(_DECISIONS)), pact)

    def _belongings_left(self) -> str:
        kept = [one for one in self._records.kept.values() if one.step != "closed"]
        if not kept:
            return "nothing"
        one = self._chance.choice(kept)
        return self._belongings.go_on(self._who_for(one.pact), one)

    def _care(self) -> str:
        someone = self._someone(alive=True)
        if someone is None:
            return "nothing"
        care = self._chance.choice([self._caring.contact, self._caring.support, self._caring.step])
        return care(self._who(someone.organisation), someone)

    def _lost_badge(self) -> str:
        for someone in self._records.people.values():
            for card in someone.cards:
                if card.lost and card.dead_at is None and card.owner == someone.id:
                    return self._badges.replace(self._who(someone.organisation), someone, card)
        return "nothing"

    def _block(self) -> str:
        """A badge came back, or must not open any more."""
        cards = [
            card for card in self._records.cards.values() if card.owner and card.dead_at is None and not card.staff
        ]
        if not cards:
            return "nothing"
        card = self._chance.choice(cards)
        someone = self._records.people.get(card.owner or "")
        who = self._chance.choice([one for some in self._workers.values() for one in some])
        if someone is not None and len([one for one in someone.cards if one.dead_at is None]) < 2:
            return self._badges.replace(who, someone, card, "broken")
        return self._badges.revoke(who, card, "returned")

    def _second_badge(self) -> str:
        site = self._chance.choice(sorted({box.site for box in self._records.boxes.values()}))
        if len(self._records.stock(site)) < 3:
            return self._badges.restock(self._chance.choice(sorted(self._workers.values())[0]), site)
        pact = self._pact((Life.ACTIVE,))
        if pact is None:
            return "nothing"
        someone = self._records.people[pact.people(self._office.gateway.now())[0]]
        here = self._records.boxes[pact.holds[0].bank, pact.holds[0].number].site
        return self._badges.give(self._who(someone.organisation), someone, here)

    def _open(self) -> str:
        pact = self._pact((Life.ACTIVE, Life.SUSPENDED, Life.ENDING))
        if pact is None:
            return "nothing"
        hold = pact.present
        return self._openings.open(self._who_for(pact), self._records.boxes[hold.bank, hold.number])

    def _out_of_service(self) -> str:
        """Now and then it is the wrong one that somebody has things in."""
        pact = self._pact((Life.ACTIVE, Life.ENDING))
        if pact is None:
            return "nothing"
        hold = pact.present
        return self._servicing.take_out(self._who_for(pact), self._records.boxes[hold.bank, hold.number])

    def _away(self) -> str:
        someone = self._of(self._least("away", _ON[1:]))
        if someone is None or someone.away or someone.died or self._chance.random() < 0.3:
            return "nothing"
        return self._fates.leave(self._who(someone.organisation), someone)

    def _back(self) -> str:
        gone = [one for one in self._records.people.values() if one.away]
        if not gone:
            return "nothing"
        someone = self._chance.choice(gone)
        return self._fates.back(self._who(someone.organisation), someone)

    def _fate(self) -> str:
        """Rarely someone dies, and still more rarely it was a mistake."""
        dead = [one for one in self._records.people.values() if one.died]
        if dead and self._chance.random() < 0.5:
            someone = self._chance.choice(dead)
            return self._fates.alive(self._who(someone.organisation), someone)
        if self._chance.random() < 0.5:
            return "nothing"
        mortal = self._of(self._least("died", _ON))
        if mortal is None or mortal.died:
            return "nothing"
        return self._fates.died(self._who(mortal.organisation), mortal)

    def _wait(self) -> str:
        waiting = [one for one in self._records.waiting if one.closed_at is None]
        if waiting and self._chance.random() < 0.4:
            one = self._chance.choice(waiting)
            return self._arrivals.leave_list(self._who(one.organisation), one, None)
        scheme = self._chance.choice(self._arrivals.every)
        return self._arrivals.wait(self._who(scheme.organisation), scheme)

    def _pact(self, states: tuple[Life, ...]) -> Pact | None:
        """One in one of these states, each state alike."""
        lives = self._lives()
        known = [state for state in states if state in lives]
        return self._chance.choice(lives[self._chance.choice(known)]) if known else None

    def _least(self, action: str, states: tuple[Life, ...]) -> Pact | None:
        """One in the state in which that was thought of least."""
        lives = self._lives()
        known = [state for state in states if state in lives]
        if not known:
            return None
        state = min(known, key=lambda one: self._done[action, one])
        self._done[action, state] += 1
        return self._chance.choice(lives[state])

    def _lives(self) -> dict[Life, list[Pact]]:
        now = self._office.gateway.now()
        found: dict[Life, list[Pact]] = {}
        for pact in self._records.pacts.values():
            found.setdefault(pact.state(now), []).append(pact)
        return found

    def _of(self, pact: Pact | None) -> Someone | None:
        people = [] if pact is None else pact.people(self._office.gateway.now())
        return self._records.people[self._chance.choice(people)] if people else None

    def _someone(self, *, alive: bool) -> Someone | None:
        people = [one for one in self._records.people.values() if one.died is not alive]
        return self._chance.choice(people) if people else None
