"""A town with its lives: two charities, their sites, schemes and lockers, who works there, and who has a locker."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.access import service as access
from gateway.badges.models import Badge
from gateway.loans import catalogue, members
from gateway.lockers import service as lockers
from gateway.schemes.codes import Service
from gateway.schemes.service import add_scheme
from simulator.world.chance import Chance
from simulator.world.controller import SimulatedController
from simulator.world.gateway import Gateway
from simulator.world.invariants.access import AccessJudge, Forgotten
from simulator.world.invariants.accounts import AccountJudge
from simulator.world.invariants.answered import AnswerJudge
from simulator.world.invariants.contracts import ContractJudge
from simulator.world.invariants.figures import FigureJudge
from simulator.world.invariants.loans import LoanJudge
from simulator.world.invariants.promptly import Promptly
from simulator.world.invariants.violation import Violation
from simulator.world.lives.accounts import open_account
from simulator.world.lives.arrivals import Arrivals, Scheme
from simulator.world.lives.calendar import ZONE
from simulator.world.lives.errands import Errands
from simulator.world.lives.giving import note_named
from simulator.world.lives.lending import Library
from simulator.world.lives.memory import Memory
from simulator.world.lives.mistakes import Mistakes
from simulator.world.lives.office import Office
from simulator.world.lives.people import People, Presented
from simulator.world.lives.records import Box, Card, Records
from simulator.world.lives.staff import Staff, Tempo
from simulator.world.loop import VirtualLoop
from simulator.world.trace import Trace
from wire.access_list import Grant

# For each act about contracts, so many others.
_ERRANDS = 0.4
_MISTAKES = 0.5
# Loans, and who answers for whom, are looked at at every so many judgements: they are kept, and found later too.
_EVERY = 3
# So is one report; all of them are at the end.
_FIGURES_EVERY = 6
# Where there are fewer lockers all of them are for people.
_ROOM_FOR_TOOLS = 20
_TOOLS = 24
_FOUNDER = "founder"
_NORMAL = Tempo()


class Town:
    """Its banks and lockers are those of the controllers; the last bank, if there are several, is a luggage room's."""

    def __init__(
        self,
        gateway: Gateway,
        controllers: Sequence[SimulatedController],
        chance: Chance,
        trace: Trace,
        *,
        tempo: Tempo = _NORMAL,
    ) -> None:
        self.records = Records()
        self.office = Office(gateway, self.records, trace)
        self._gateway = gateway
        self._controllers = {controller.name: controller for controller in controllers}
        self._chance = chance
        self._tempo = tempo
        self._luck = chance.stream("staff")
        self._workers = self.records.workers
        self._volunteers: dict[str, str] = {}
        self._schemes: dict[str, Scheme] = {}
        self._sites: dict[str, str] = {}
        self._arrivals = Arrivals(self.office, self._luck, chance, self._schemes, tempo.term_days)
        self._staff = Staff(self.office, self._luck, self._arrivals, self._workers, tempo)
        self._access = AccessJudge(self.office, self._sites)
        self._promptly = Promptly(self.office, self._controllers, self._access.must)
        self._people = People(self.office, self._controllers, self)
        self.errands = Errands(
            self.office, chance, self._people, self._workers, self._volunteers, tempo.acts_a_day * _ERRANDS
        )
        self.mistakes = Mistakes(
            self.office, chance.stream("mistakes"), self._arrivals, self._people, self._workers,
            tempo.acts_a_day * _MISTAKES,
        )  # fmt: skip
        self._contracts = ContractJudge(self.office)
        self._loans = LoanJudge(self.office)
        self._answers = AnswerJudge(self.office)
        self._accounts = AccountJudge(self.office)
        self._figures = FigureJudge(self.office, self._schemes.values())
        self._judged = self._told = 0
        self._has_people = False

    @property
    def schemes(self) -> list[Scheme]:
        """What people come to."""
        return list(self._schemes.values())

    @property
    def workers(self) -> list[str]:
        """The accounts of all staff."""
        return [one for some in self._workers.values() for one in some]

    def luck(self, name: str) -> Random:
        """A stream of this town's seed."""
        return self._chance.stream(name)

    @property
    def counts(self) -> Counter[str]:
        """What happened, by kind."""
        judged = {"badges judged": self._access.judged, "badges judged exactly": self._access.exactly}
        return self.records.counts + Counter(judged)

    def found(self) -> None:
        """All that is there on the first day. Before the gateway's start."""
        now = self._gateway.now()
        names = list(self._controllers)
        rooms = names[-1:] if len(names) > 1 else []
        with self._gateway.storage.database.writing() as session, _keeping(session):
            self._charity(session, "lockers", Service.LOCKERS, [name for name in names if name not in rooms], now)
            if rooms:
                self._charity(session, "luggage", Service.LUGGAGE, rooms, now)
            self.errands.closing.administrator = self._account(session, "operator", "administrator", "", now)
            for box in self.records.boxes.values():
                if self._luck.random() < 0.92:
                    self._settle(session, box, now)

    def presented(self, asked: Presented) -> None:
        """See People: within a minute a door of theirs is released, if it is to be at all."""
        lockers = self._access.lockers(asked)
        if not self._is_out_of_service(asked.bank, lockers):
            self._promptly.presented(asked, lockers)

    def answered(self, asked: Presented) -> None:
        """See People: nobody is let in or shut out without a decision, or because their locker is out of service."""
        if asked.let_in or not self._is_out_of_service(asked.bank, self._access.lockers(asked)):
            self._access.answered(asked)
        self._promptly.answered(asked)

    def _is_out_of_service(self, bank: str, lockers: Iterable[int]) -> bool:
        """Whether the bank keeps one of these shut now: if it may, is judged from its journal."""
        controller = self._controllers[bank]
        if controller.runtime is None:
            return False
        core, now = controller.runtime.bank, controller.runtime.now()
        return any(core.is_out_of_service(locker, now) for locker in lockers)

    def crowd(self, bank: str, count: int, within_ms: int, luck: Random) -> None:
        """So many people at that bank within so short a time."""
        self._people.crowd(bank, count, within_ms, luck)

    def live(self, loop: VirtualLoop, *, people: bool = True) -> None:
        """Lives begin, and go on for as long as the loop runs; without `people` only those of staff."""
        assert loop is self._gateway.broker.loop
        self._has_people = people
        self._staff.live()
        self.errands.live()
        self.mistakes.live()
        self._wake()

    def _wake(self) -> None:
        if self._has_people:
            self._people.live()

    def rest(self) -> None:
        """Nobody comes any more, and nobody decides: everything comes to rest."""
        self._staff.resting = self._people.resting = True
        self.errands.rest()

    def judge(self, at: int) -> list[Violation]:
        """What was found since it was last asked; people who came since begin to live."""
        self._wake()
        self._contracts.judge(at)
        self._judged += 1
        if self._judged % _EVERY == 0:
            self._judge_records()
        if self._judged % _FIGURES_EVERY == 0:
            self._figures.glance(self._chance.stream("figures"))
        return self._news()

    def remember(self) -> tuple[int, Memory]:
        """What `restored` needs of the moment at which the gateway's database is saved."""
        self.office.hear()
        return self._gateway.now(), Memory(self.records)

    def emptied(self) -> None:
        """The gateway's database holds nothing, until it is restored."""
        self.office.is_empty = True

    def restored(self, saved: tuple[int, Memory]) -> None:
        """The gateway's database is the one of then: what staff did since it does not know, nor do they from now on.

        Figures and rows are compared with what survived and what is done from now on. Nobody is let in, or shut out,
        whom no decision before and since ever let in, or shut out.
        """
        since, memory = saved
        now = self._gateway.now()
        self.office.loose, self.office.is_empty = True, False
        memory.put_back(self.records, now)
        self._access.lost(since, now)
        self._contracts.put_back()
        self._accounts.put_back()
        self.settled()

    def disturbed(self, banks: Iterable[str], until_ms: int) -> None:
        """A fault begins, and until then these may not hear what is decided."""
        self._access.disturbed(banks, until_ms)

    def clock_wrong(self) -> None:
        """The gateway's clock is wrong: decisions are dated, and lists numbered, by it, and doubted a while longer."""
        now = self._gateway.now()
        if now < self._gateway.broker.loop.now_ms:
            self._access.clock_wrong(known_until=now)
        else:
            self._access.clock_wrong()

    def clock_right(self) -> None:
        """It is about to be put right."""
        self._access.clock_right(max(self._gateway.now(), self._gateway.broker.loop.now_ms))

    def split(self) -> int:
        """There are two gateways from now on; what `joined` needs of this moment."""
        since = self._gateway.now()
        self._access.two_gateways(since)
        return since

    def blocked_elsewhere(self, card: Card, at: int) -> None:
        """That badge is dead for one of the gateways, and this one does not know."""
        card.dead_at = at
        self._access.disputed.add(card.id)

    def joined(self, since: int, until: int) -> None:
        """There is one gateway again: lists up to the version `until` may be of either."""
        self._access.one_gateway(since, until)
        self.settled()

    def settled(self) -> None:
        """Staff look at what has become of badges that were blocked at the other gateway."""
        try:
            with self._gateway.reading() as session:
                for name in sorted(self._access.disputed):
                    found = session.get(Badge, name)
                    if found is not None:
                        self.records.cards[name].dead_at = found.revoked_at
        except DBAPIError:
            return  # they look again when the bank is reconciled

    def named(self, bank: str, grants: Collection[Grant]) -> None:
        """Staff have compared and decided: the gateway was told of these, which only the bank knew."""
        self._access.disturbed([bank], self._gateway.broker.loop.now_ms)
        note_named(self.records, bank, grants, self._gateway.now())

    def forgets(self, bank: str, version: int, stems: frozenset[str], until: int) -> None:
        """A list of that version says nothing of the contracts whose grants begin with these."""
        pacts = frozenset(name for name in self.records.pacts if name[-12:] in stems)
        self._access.forgetful[bank, version] = Forgotten(pacts, until)

    def figures_by_counting(self) -> list[Violation]:
        """Every figure of every report, counted again from what was done and survived."""
        self._judge_records()
        self._figures.judge(self._chance.stream("figures"))
        return self._news()

    def _judge_records(self) -> None:
        self._loans.judge()
        self._answers.judge()
        self._accounts.judge()

    def _news(self) -> list[Violation]:
        found = self.office.violations[self._told :]
        self._told += len(found)
        return found

    def _charity(self, session: Session, name: str, service: Service, banks: list[str], now: int) -> None:
        owner = lockers.organisation_named(session, f"Charity {name}", actor=_FOUNDER, now=now)
        site = lockers.site_named(session, f"Site {name}", organisation_id=owner.id, zone=ZONE, actor=_FOUNDER, now=now)
        scheme = add_scheme(session, organisation_id=owner.id, service=service, name=name, actor=_FOUNDER, now=now)
        self._schemes[name] = Scheme(scheme.id, name, owner.id, site.id)
        for bank in banks:
            self._bank(session, bank, name, site.id, now)
        if service is Service.LOCKERS:
            self._lends_tools(session, banks[0], owner.id, site.id, now)
        *workers, volunteer = [
            self._account(session, role, f"{role} {turn} of {name}", owner.id, now)
            for role, turn in (("worker", 1), ("worker", 2), ("worker", 3), ("volunteer", 1))
        ]
        self._workers[owner.id], self._volunteers[owner.id] = workers, volunteer
        self.office.names.update({one: f"{name}-{turn}" for turn, one in enumerate(self._workers[owner.id], 1)})
        stock = [self._arrivals.badge(session, _FOUNDER, site.id, now) for _ in range(8)]
        staff = self._arrivals.badge(session, _FOUNDER, site.id, now, staff=self._workers[owner.id][0])
        self._arrivals.registered([*stock, staff])

    def _account(self, session: Session, role: str, name: str, organisation: str, now: int) -> str:
        account = open_account(session, role, name, organisation, actor=_FOUNDER, now=now)
        self.records.accounts[account.id] = account
        return account.id

    def _bank(self, session: Session, bank: str, service: str, site: str, now: int) -> None:
        controller = self._controllers[bank]
        numbers = sorted(controller.config.lockers)
        lockers.add_bank(session, bank_id=bank, site_id=site, name=bank, actor=_FOUNDER, now=now)
        lockers.add_lockers(session, bank, numbers, actor=_FOUNDER, now=now)
        access.add_controller(session, bank_id=bank, keys=controller.keys(), actor=_FOUNDER, now=now)
        controller.tell_root(self._gateway.keystore.root_token)
        self._sites[bank] = site
        for number in numbers:
            self.records.boxes[bank, number] = Box(bank, number, site, service, now)

    def _lends_tools(self, session: Session, bank: str, owner: str, site: str, now: int) -> None:
        """One locker of its first bank lends tools, where there is room for that."""
        boxes = self.records.boxes
        if len(boxes) < _ROOM_FOR_TOOLS:
            return
        number = max(self._controllers[bank].config.lockers)
        self.records.lending.append(boxes.pop((bank, number)))
        scheme = add_scheme(
            session, organisation_id=owner, service=Service.TOOLS, name="tools", actor=_FOUNDER, now=now
        )
        members.lend_from(session, bank, number, scheme_id=scheme.id, actor=_FOUNDER, now=now)
        for turn in range(_TOOLS):
            tool = catalogue.add_tool(
                session, scheme_id=scheme.id, number=f"T-{turn}", name=f"tool {turn}", place=(bank, number),
                actor=_FOUNDER, now=now,
            )  # fmt: skip
            self.records.tools[tool.id] = tool.condition
        self.errands.librarian.library = Library(scheme.id, owner, site, bank, number)

    def _settle(self, session: Session, box: Box, now: int) -> None:
        scheme = self._schemes[box.service]
        who = self._luck.choice(self._workers[scheme.organisation])
        arrival = self._arrivals.come(session, who, scheme, box, self._arrivals.term(now), now)
        self._arrivals.arrived(arrival, who, now)


@contextmanager
def _keeping(session: Session) -> Iterator[None]:
    """A session forgets what nobody holds, and here the same few things are looked up for each contract."""
    held: list[object] = []
    for moment in ("loaded_as_persistent", "pending_to_persistent"):
        event.listen(session, moment, lambda _session, one: held.append(one))
    yield
