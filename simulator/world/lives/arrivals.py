"""How people come: asked what is asked, given a badge and a locker in one step, or put on the waiting list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from random import Random

from sqlalchemy.orm import Session

from gateway.access import service as access
from gateway.care import eligibility, support, waiting
from gateway.care.codes import Finding, LeftWhy, Moment, Source
from gateway.care.eligibility import Found
from gateway.care.support import FACTS
from gateway.care.waiting import Wait
from gateway.contracts import service as contracts
from gateway.people import service as files
from gateway.schemes.templates import LUGGAGE_ROOM, SOLIDARITY_LOCKERS
from simulator.world.chance import Chance
from simulator.world.lives.calendar import day_of, days_on, midnight
from simulator.world.lives.giving import judge_given
from simulator.world.lives.office import DONE, Office
from simulator.world.lives.pacts import Hold, Pact, Part
from simulator.world.lives.records import Box, Card, Someone, Waiting

_TERMS = {"lockers": SOLIDARITY_LOCKERS.terms, "luggage": LUGGAGE_ROOM.terms}


@dataclass(frozen=True)
class Scheme:
    """Where people come to: the scheme, its organisation and site, as the gateway calls them."""

    id: str
    service: str
    organisation: str
    site: str


@dataclass(frozen=True)
class Term:
    """What is agreed: the first and last day, and whether it is signed at once."""

    starts_on: date
    ends_on: date
    draft: bool = False


@dataclass(frozen=True)
class Arrival:
    """Someone new, with what they were given, and what was known of them."""

    someone: Someone
    cards: list[Card]
    pact: Pact
    entry: dict[str, str]


class Arrivals:
    """`term_days`: how long contracts are made for, at most."""

    def __init__(
        self, office: Office, chance: Random, world: Chance, schemes: dict[str, Scheme], term_days: int
    ) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self._world = world
        self._schemes = schemes
        self._term_days = term_days
        self._met: list[str] = []

    def term(self, now: int) -> Term:
        """Mostly from today on, sometimes later; sometimes only a draft."""
        today, luck = day_of(now), self._chance.random()
        starts_on = days_on(today, self._chance.randint(1, 10)) if luck < 0.15 else today
        ends_on = days_on(starts_on, self._chance.randint(1, self._term_days))
        return Term(starts_on, ends_on, draft=luck > 0.88)

    def come(self, session: Session, who: str, scheme: Scheme, box: Box, term: Term, now: int) -> Arrival:
        """Someone who never was here: file, entry, conditions, badge and contract in the unit that is open."""
        someone = self.meet(session, who, scheme, now)
        cards = [self.badge(session, who, scheme.site, now, person=someone.id)]
        if self._chance.random() < 0.1:
            cards.append(self.badge(session, who, scheme.site, now, person=someone.id))
        if scheme.service == "luggage":
            self.find_eligible(session, who, someone, scheme, now)
        contract_id = self._assign(session, who, someone, box, term, now)
        entry = self._entry(session, who, someone, contract_id, now)
        return Arrival(someone, cards, _pact(contract_id, scheme.service, someone, box, term, now), entry)

    def arrived(self, arrival: Arrival, who: str, now: int) -> None:
        """They are known from now on."""
        someone = arrival.someone
        self._records.people[someone.id] = someone
        someone.eligible = arrival.pact.service == "luggage"
        someone.cards += arrival.cards
        self.registered(arrival.cards)
        self._records.entries.append((someone.id, now, arrival.entry))
        self._began(arrival.pact, someone, who, now)

    def registered(self, cards: Iterable[Card]) -> None:
        """The site knows these badges from now on."""
        self._records.cards.update((card.id, card) for card in cards)

    def assign(self, who: str, someone: Someone, box: Box) -> str:
        """A locker for someone whose file is there."""
        term = self.term(self._office.gateway.now())
        service = box.service

        def done(contract_id: str, at: int) -> None:
            self._began(_pact(contract_id, service, someone, box, term, at), someone, who, at)

        return self._office.act(
            who, "assign", lambda session, at: self._assign(session, who, someone, box, term, at), done
        )  # fmt: skip

    def ask_in_vain(self, who: str, someone: Someone, box: Box, days: int) -> str:
        """For that locker, from today on: it is known that it must be refused, and nothing changes."""
        today = day_of(self._office.gateway.now())
        term = Term(today, days_on(today, days))
        return self._office.act(
            who, "ask_in_vain", lambda session, at: self._assign(session, who, someone, box, term, at), lambda *_: None
        )

    def reassign(self, who: str, former: Pact, someone: Someone) -> str:
        """The locker of a contract that is over goes to someone else."""
        hold = former.present
        box = self._records.boxes[hold.bank, hold.number]
        term = self.term(self._office.gateway.now())
        known = len(former.decisions)

        def do(session: Session, at: int) -> str:
            return contracts.reassign(
                session, former.id, person_id=someone.id, starts_on=term.starts_on, ends_on=term.ends_on, actor=who,
                now=at, seen=known,
            ).id  # fmt: skip

        def done(contract_id: str, at: int) -> None:
            signed = Term(term.starts_on, term.ends_on)
            self._began(_pact(contract_id, former.service, someone, box, signed, at), someone, who, at)

        ready = box.ready(self._office.gateway.now())
        outcome = self._office.act(who, "reassign", do, done)
        if outcome == DONE and not ready:
            self._office.violated("belongings", f"locker {box.number} of {box.bank} was reassigned unready")
        return outcome

    def meet(self, session: Session, who: str, scheme: Scheme, now: int) -> Someone:
        """A new file."""
        name = f"person-{len(self._met) + 1}"
        self._met.append(name)
        person = files.add_person(session, organisation_id=scheme.organisation, name=name, actor=who, now=now)
        return Someone(person.id, name, scheme.organisation, self._world.stream(name))

    def badge(
        self, session: Session, who: str, site: str, now: int, *, person: str | None = None, staff: str | None = None
    ) -> Card:
        """A new badge: someone's, a worker's, or for the stock."""
        number, printed = f"{self._chance.getrandbits(40):010X}", f"M-{self._chance.getrandbits(32):08X}"
        made = access.register_badge(
            session, self._office.gateway.keystore, site_id=site, number=f"em4100:{number}", label=printed,
            person_id=person, staff_id=staff, actor=who, now=now,
        )  # fmt: skip
        owner = person or staff
        return Card(made.id, number, site, owner, now if owner else None, staff=staff is not None)

    def find_eligible(self, session: Session, who: str, someone: Someone, scheme: Scheme, now: int) -> None:
        """Each condition of the scheme is met, or there is a reason to go without."""
        found = {}
        for condition in _TERMS[scheme.service].conditions:
            despite = self._chance.random() < 0.3
            finding = Finding.EXCEPTION if despite else Finding.MET
            found[condition.code] = Found(finding, condition.exceptions[0] if despite else None)
        eligibility.decide(session, someone.id, scheme.id, found, eligible=True, actor=who, now=now)

    def _entry(self, session: Session, who: str, someone: Someone, contract_id: str, now: int) -> dict[str, str]:
        """How things stood when they came; not everything is asked."""
        facts = {
            name: str(self._chance.choice(list(kind)).value)
            for name, kind in FACTS.items()
            if self._chance.random() < 0.6
        }
        support.take_snapshot(session, someone.id, Moment.ENTRY, facts, contract_id=contract_id, actor=who, now=now)
        return facts

    def wait(self, who: str, scheme: Scheme) -> str:
        """No locker is free: someone new waits."""

        def do(session: Session, at: int) -> tuple[Someone, Waiting]:
            someone = self.meet(session, who, scheme, at)
            site = scheme.site if self._chance.random() < 0.7 else None
            wait = Wait(scheme.id, self._chance.choice(list(Source)), site_id=site)
            entry = waiting.add_to_list(session, someone.id, wait, actor=who, now=at)
            return someone, Waiting(entry.id, someone.id, site, scheme.organisation, at)

        def done(made: tuple[Someone, Waiting], _: int) -> None:
            someone, entry = made
            self._records.people[someone.id] = someone
            self._records.waiting.append(entry)

        return self._office.act(who, "wait", do, done)

    def leave_list(self, who: str, entry: Waiting, pact: Pact | None) -> str:
        """They got a place, or went away."""
        others = [why for why in LeftWhy if why is not LeftWhy.PLACED]
        why = LeftWhy.PLACED if pact else self._chance.choice(others)

        def done(_: object, at: int) -> None:
            entry.closed_at, entry.why = at, why.value
            for offered in self._records.offers:
                if offered.entry == entry.id and offered.closed_at is None:
                    offered.outcome, offered.closed_by, offered.closed_at = "accepted", who, at

        return self._office.act(
            who, "leave_list",
            lambda session, at: waiting.close_entry(
                session, entry.id, why, contract_id=pact.id if pact else None, actor=who, now=at
            ),
            done,
        )  # fmt: skip

    @property
    def every(self) -> list[Scheme]:
        """Every scheme."""
        return list(self._schemes.values())

    def scheme_of(self, box: Box) -> Scheme:
        """The scheme of a locker."""
        return self._schemes[box.service]

    def _assign(self, session: Session, who: str, someone: Someone, box: Box, term: Term, now: int) -> str:
        return contracts.assign(
            session, person_id=someone.id, bank_id=box.bank, number=box.number, starts_on=term.starts_on,
            ends_on=term.ends_on, scheme_id=self._schemes[box.service].id, draft=term.draft, actor=who, now=now,
        ).id  # fmt: skip

    def _began(self, pact: Pact, someone: Someone, who: str, now: int) -> None:
        self._records.pacts[pact.id] = pact
        someone.pacts.append(pact)
        someone.worker = someone.worker or who
        self._records.settle(pact, now)
        self._records.took(pact)
        pact.decided(now, who, "assign")
        hold = pact.holds[0]
        judge_given(self._office, self._records.boxes[hold.bank, hold.number], pact, now)


def _pact(contract_id: str, service: str, someone: Someone, box: Box, term: Term, now: int) -> Pact:
    terms, start = _TERMS[service], midnight(term.starts_on)
    next_day = midnight(days_on(term.starts_on, 1))
    # A locker that was freed on the first day begins then.
    begins = box.freed(start, min(now, next_day - 1)) or start
    over = midnight(days_on(term.ends_on, 1))
    collect = over if terms.grace_days == 0 else midnight(days_on(term.ends_on, 1 + terms.grace_days))
    hold = Hold(box.bank, box.number, begins, begins if term.draft else collect)
    return Pact(
        contract_id, service, term.starts_on, term.ends_on, terms.grace_days, terms.term_months, begins, over, collect,
        [Part(someone.id, begins)], [hold], None if term.draft else now,
    )  # fmt: skip
