"""What staff do beside contracts: PINs, badges enrolled at the reader, exclusions, loans, leave. It is all judged."""

from random import Random

from sqlalchemy.orm import Session

from gateway.badges import enrolling, pins
from gateway.incidents import exclusions
from gateway.incidents.codes import IncidentKind
from simulator.world.chance import Chance
from simulator.world.desk import Desk
from simulator.world.lives.calendar import DAY, MINUTE, day_of, days_on, midnight
from simulator.world.lives.closing import Closing
from simulator.world.lives.covering import Covering
from simulator.world.lives.erasing import Erasing
from simulator.world.lives.librarian import Librarian
from simulator.world.lives.office import LATER, Office
from simulator.world.lives.pacts import Life
from simulator.world.lives.people import People
from simulator.world.lives.projects import Projects
from simulator.world.lives.records import Card, Records, Someone

_AGAIN_MS = 10 * MINUTE
_TIMES = 6
_TAKEN_AFTER_MS = 20_000
_ENROLLED_WITHIN_MS = (enrolling.WAIT_S + 5) * 1_000
_CARDS_AT_MOST = 3
# For each errand, so many times somebody thinks of an account.
_CLOSING = 0.1
# And for a project of a member's.
_PROJECTS = 0.5


class Errands:
    """`acts_a_day` of them, from a stream of their own: what else staff do is the same with and without."""

    def __init__(
        self,
        office: Office,
        chance: Chance,
        people: People,
        workers: dict[str, list[str]],
        volunteers: dict[str, str],
        acts_a_day: float,
    ) -> None:
        self._office = office
        self._records: Records = office.records
        self._chance: Random = chance.stream("errands")
        self._people = people
        self._workers = workers
        self._gap_ms = DAY / acts_a_day
        self._loop = office.gateway.broker.loop
        self.librarian = Librarian(office, self._chance)
        self.covering = Covering(office, self._chance, workers, volunteers)
        self.erasing = Erasing(office)
        self.closing = Closing(office, chance.stream("closing"), acts_a_day * _CLOSING)
        self.projects = Projects(office, chance.stream("projects"), self.librarian, workers, acts_a_day * _PROJECTS)
        self.resting = False

    def rest(self) -> None:
        """Nothing is done any more."""
        self.resting = self._office.resting = True

    def live(self) -> None:
        """From now on."""
        self.closing.live()
        self.erasing.live()
        self.projects.live()
        self._next()

    def _next(self) -> None:
        self._loop.after(max(2, round(self._chance.expovariate(1.0) * self._gap_ms)), self._turn)

    def _turn(self) -> None:
        if self.resting:
            return
        if self._office.busy:
            self._loop.after(1, self._turn)
            return
        self._chance.choice((self.pin, self.enrol, self.exclude, self.lend, self.answer))()
        self._next()

    def _someone(self, organisation: str | None = None) -> tuple[Someone, str] | None:
        """One of those who have a locker now (of that charity), and who looks after them."""
        now = self._office.gateway.now()
        known = [
            one for one in self._records.people.values()
            if not one.died and not one.away and one.pact is not None and one.pact.state(now) is Life.ACTIVE
            and organisation in (None, one.organisation)
        ]  # fmt: skip
        if not known:
            return None
        someone = self._chance.choice(known)
        worker = self._chance.choice(self._workers[someone.organisation])
        return someone, self._records.acting(worker, day_of(now))

    def pin(self) -> None:
        """One of their badges gets a PIN, or another, or opens alone again."""
        found = self._someone()
        cards = [card for card in found[0].cards if card.dead_at is None] if found else []
        if found is None or not cards:
            return
        card, keys = self._chance.choice(cards), self._office.gateway.keystore
        pin = None if card.pins and self._chance.random() < 0.4 else f"{self._chance.randrange(10_000):04d}"

        def do(session: Session, at: int) -> None:
            if pin is None:
                pins.clear_pin(session, card.id, actor=found[1], now=at)
            else:
                pins.set_pin(session, keys, card.id, pin=pin, actor=found[1], now=at)

        self._office.act(found[1], "pin", do, lambda _, at: card.pins.append((at, pin)))

    def enrol(self) -> None:
        """A new badge for someone who is at the bank: the order, the badge at the reader, and then it is theirs."""
        found = self._someone()
        if found is None or not self._office.gateway.running:
            return
        someone, who = found
        assert someone.pact is not None
        bank = someone.pact.present.bank
        if len([card for card in someone.cards if card.dead_at is None]) >= _CARDS_AT_MOST:
            return
        self._people.enrolling_until[bank] = self._loop.now_ms + _ENROLLED_WITHIN_MS
        Desk(self._office.gateway, who).enrol(bank, lambda command: self._asked(command, someone, who, bank))

    def _asked(self, command: str | None, someone: Someone, who: str, bank: str) -> None:
        if command is not None:
            number = f"{self._chance.getrandbits(40):010X}"
            self._loop.after(
                5_000, self._people.enrol, bank, number, self._shown, (command, someone, who, bank, number)
            )

    def _shown(self, green: bool, asked: tuple[str, Someone, str, str, str]) -> None:
        """The light says whether it was this very badge."""
        if green:
            self._loop.after(_TAKEN_AFTER_MS, self._take, *asked, _TIMES)

    def _take(self, command: str, someone: Someone, who: str, bank: str, number: str, left: int) -> None:
        if self._office.busy:
            self._loop.after(1, self._take, command, someone, who, bank, number, left)
            return
        label = f"M-{self._chance.getrandbits(32):08X}"
        site = next(box.site for box in self._records.boxes.values() if box.bank == bank)

        def done(badge: str, at: int) -> None:
            card = Card(badge, number, site, someone.id, at)
            self._records.cards[badge] = card
            someone.cards.append(card)

        outcome = self._office.act(
            who, "enrol",
            lambda session, at: enrolling.take(
                session, command, label=label, person_id=someone.id, actor=who, now=at
            ).id,
            done,
        )  # fmt: skip
        if outcome in (LATER, "not_presented") and left and not self.resting:
            self._loop.after(_AGAIN_MS, self._take, command, someone, who, bank, number, left - 1)

    def exclude(self) -> None:
        """Someone stays away from a site for some days. Their contract and their door stay what they were."""
        found = self._someone()
        if found is None:
            return
        someone, who = found
        assert someone.pact is not None
        hold = someone.pact.present
        site = self._records.boxes[hold.bank, hold.number].site
        today = day_of(self._office.gateway.now())
        last, reason = days_on(today, self._chance.randint(0, 20)), self._chance.choice(list(IncidentKind))
        outcome = self._office.act(
            who, "exclude",
            lambda session, at: exclusions.exclude(
                session, person_id=someone.id, site_id=site, from_on=today, until_on=last, reason=reason, actor=who,
                now=at,
            ).id,
            lambda name, _: self._loop.after(self._chance.randint(MINUTE, 10 * DAY), self._lift, who, name),
        )  # fmt: skip
        if outcome == "done":
            self._office.look(who, "exclusion", lambda session, now: self._is_seen(session, someone, site, now, last))

    def lend(self) -> None:
        """Tools, where some are lent."""
        library = self.librarian.library
        found = self._someone(library.organisation) if library else None
        if found is not None:
            self.librarian.lend(found[1], found[0])

    def answer(self) -> None:
        """Leave, and what is done in somebody's stead."""
        found = self._someone()
        act = self._chance.choice(("leave", "leave", "review", "offer", "intrude"))
        if act == "leave":
            self.covering.go_or_come_back()
        elif act == "offer":
            self.covering.offer()
        elif found is not None and act == "review":
            self.covering.review(found[0].worker or found[1], found[0])
        elif found is not None:
            self.covering.intrude(found[0])

    def _is_seen(self, session: Session, someone: Someone, site: str, now: int, last: object) -> str:
        """Whoever would give them another locker there is told."""
        until = midnight(days_on(last, 1))  # type: ignore[arg-type]
        seen = exclusions.hindering(session, someone.id, site_id=site, from_at=now, until_at=until)
        if seen is None:
            self._office.violated("exclusion", f"{someone.id} is excluded from {site}, and nobody there is told")
        return "seen"

    def _lift(self, who: str, name: str) -> None:
        if self.resting:
            return
        if self._office.busy:
            self._loop.after(1, self._lift, who, name)
            return
        self._office.act(
            who, "lift", lambda session, at: exclusions.lift(session, name, actor=who, now=at), lambda *_: None
        )  # fmt: skip
