"""The tool library in the town: three tools and a kit, locker 6 for lending, one member with a badge."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.badges.models import Badge
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.loans import catalogue, members, service
from gateway.loans.models import Loan, Membership, Tool
from gateway.loans.states import LoanState, state_at
from gateway.people.models import Person
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import NOON, ZONE, Town

LOCKER = 6


def at(day: int, hour: int = 0, minute: int = 0, month: int = 6) -> int:
    """An instant of June 2026 at the site; the 15th, the town's today, is a Monday."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)


@dataclass
class Library:
    """Short ways to lend; every step is a unit of work of its own."""

    town: Town
    scheme_id: str
    person: Person
    badge: Badge
    member: Membership
    tools: list[Tool]
    kit_id: str

    @property
    def place(self) -> tuple[str, int]:
        return self.town.bank, LOCKER

    def member_named(self, name: str) -> tuple[Membership, Badge]:
        person = self.town.person(name)
        with self.town.writing() as session:
            member = members.join(
                session, person_id=person.id, scheme_id=self.scheme_id, site_id=self.town.site_id, actor="lea", now=NOON
            )
        return member, self.town.badge(person)

    def plan(self, *tools: int, now: int = NOON, member: Membership | None = None, **how: object) -> Loan:
        with self.town.writing() as session:
            return service.plan(
                session,
                membership_id=(member or self.member).id,
                tool_ids=[self.tools[number].id for number in tools],
                actor="lea",
                now=now,
                **how,  # type: ignore[arg-type]
            )

    def loan(self, loan: Loan) -> Loan:
        with self.town.reading() as session:
            found = service.loan_of(session, loan.id)
            assert found.items
            assert found.membership
            assert found.movements is not None
            return found

    def state(self, loan: Loan, at: int) -> LoanState:
        with self.town.reading() as session:
            return state_at(service.loan_of(session, loan.id), at)

    def taken(self, *tools: int, now: int = NOON, **how: object) -> Loan:
        loan = self.plan(*tools, now=now, **how)
        with self.town.writing() as session:
            return service.hand_over(session, loan.id, actor="lea", now=now)

    def hear(self, journal: Journal, now: int = NOON) -> None:
        """The bank's entries arrive, all of them, some perhaps again."""
        with self.town.writing() as session:
            take_effect(session, store(session, [Arrived(self.town.bank, journal.batch())], now=now), now=now)


def open_library(town: Town) -> Library:
    """Samira is a member, and lives in the town."""
    person = town.person("Samira")
    badge = town.badge(person)
    with town.writing() as session:
        scheme = schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.TOOLS, name="Outils", actor="lea", now=NOON
        )
        members.lend_from(session, town.bank, LOCKER, scheme_id=scheme.id, actor="lea", now=NOON)
        tools = [
            catalogue.add_tool(session, scheme_id=scheme.id, number=number, name=name, actor="lea", now=NOON)
            for number, name in (("P-1", "Drill"), ("P-2", "Sander"), ("P-3", "Ladder"))
        ]
        kit = catalogue.add_kit(
            session, scheme_id=scheme.id, name="Painting", tool_ids=[tools[1].id, tools[2].id], actor="lea", now=NOON
        )
        member = members.join(
            session, person_id=person.id, scheme_id=scheme.id, site_id=town.site_id, starts_on=date(2026, 6, 1),
            actor="lea", now=NOON,
        )  # fmt: skip
    return Library(town, scheme.id, person, badge, member, tools, kit.id)
