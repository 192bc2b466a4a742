"""What staff do at a gateway's desk where several services belong together, each in one unit of work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import DBAPIError

from gateway.access import commands, out_of_service
from gateway.access import service as access
from gateway.badges import enrolling
from gateway.badges import service as badges
from gateway.contracts import service as contracts
from gateway.errors import GatewayError
from gateway.lockers import service as lockers
from gateway.people import service as people
from simulator.errors import NotPossibleError
from simulator.world.gateway import Gateway
from simulator.world.gateway_database import Killed

# A beat that was asked for is there by now, or does not come.
_BEAT_WITHIN_MS = 1_000


@dataclass(frozen=True, slots=True)
class Handed:
    """What someone walks away with."""

    person_id: str
    badge_id: str
    contract_id: str


class Desk:
    """`actor` is whoever sits there. Everything raises what the services raise, and as Gateway.writing."""

    def __init__(self, gateway: Gateway, actor: str) -> None:
        self._gateway = gateway
        self.actor = actor

    def join(self, bank_id: str, keys: str) -> None:
        """Joins a controller by its KEYS, as `casier-gateway controllers add` does."""
        with self._gateway.writing() as session:
            access.add_controller(session, bank_id=bank_id, keys=keys, actor=self.actor, now=self._gateway.now())

    def hand_over(self, bank_id: str, number: int, *, badge: str, name: str, starts_on: date, ends_on: date) -> Handed:
        """A new person, their badge (a canonical number) and their contract for a locker."""
        now, actor = self._gateway.now(), self.actor
        with self._gateway.writing() as session:
            site = lockers.bank_of(session, bank_id).site
            person = people.add_person(session, organisation_id=site.organisation_id, name=name, actor=actor, now=now)
            known = access.register_badge(
                session, self._gateway.keystore, site_id=site.id, number=badge, label=badge[-6:], actor=actor, now=now
            )
            contract = contracts.assign(
                session, person_id=person.id, bank_id=bank_id, number=number, starts_on=starts_on, ends_on=ends_on,
                badge_id=known.id, actor=actor, now=now,
            )  # fmt: skip
            return Handed(person.id, known.id, contract.id)

    def revoke(self, badge_id: str, reason: str = "lost") -> None:
        """A badge is dead from now on."""
        with self._gateway.writing() as session:
            badges.revoke(session, badge_id, reason=reason, actor=self.actor, now=self._gateway.now())

    def open_remotely(self, bank_id: str, number: int, reason: str, done: Callable[[str | None], None]) -> None:
        """Orders a locker opened; `done` hears the command's id, or None where nothing was ordered."""

        def order() -> str:
            with self._gateway.writing() as session:
                made = commands.open_locker(
                    session, self._gateway.orders, bank_id=bank_id, number=number, reason=reason, actor=self.actor,
                    now=self._gateway.now(),
                )  # fmt: skip
                return made.id

        self._with_beat(bank_id, order, done)

    def take_out(
        self,
        bank_id: str,
        number: int,
        reason: out_of_service.ServiceReason,
        stops_until: int | None,
        done: Callable[[str | None], None],
    ) -> None:
        """Orders a locker out of service; `done` as in open_remotely."""

        def order() -> str:
            with self._gateway.writing() as session:
                return out_of_service.take_out(
                    session, self._gateway.orders, bank_id=bank_id, number=number, reason=reason,
                    stops_until=stops_until, actor=self.actor, now=self._gateway.now(),
                ).id  # fmt: skip

        self._with_beat(bank_id, order, done)

    def put_back(self, bank_id: str, number: int, done: Callable[[str | None], None]) -> None:
        """Orders a locker back in service; `done` as in open_remotely."""

        def order() -> str:
            with self._gateway.writing() as session:
                return out_of_service.put_back(
                    session, self._gateway.orders, bank_id=bank_id, number=number, actor=self.actor,
                    now=self._gateway.now(),
                ).id  # fmt: skip

        self._with_beat(bank_id, order, done)

    def enrol(self, bank_id: str, done: Callable[[str | None], None]) -> None:
        """Asks the bank for the next badge it does not know; `done` as in open_remotely."""

        def order() -> str:
            with self._gateway.writing() as session:
                made = enrolling.ask(session, self._gateway.orders, bank_id, actor=self.actor, now=self._gateway.now())
                return made.id

        self._with_beat(bank_id, order, done)

    def enrolled(self, command_id: str, label: str, person_id: str | None = None) -> str:
        """Registers the badge that was presented; its id."""
        with self._gateway.writing() as session:
            return enrolling.take(
                session, command_id, label=label, person_id=person_id, actor=self.actor, now=self._gateway.now()
            ).id

    def order(
        self, bank_id: str, kind: str, args: dict[str, object], reason: str, done: Callable[[str | None], None]
    ) -> None:
        """Any other order; `done` as in open_remotely."""

        def issue() -> str:
            with self._gateway.writing() as session:
                made = commands.order(
                    session, self._gateway.orders, bank_id=bank_id, kind=kind, args=dict(args), reason=reason,
                    actor=self.actor, now=self._gateway.now(),
                )  # fmt: skip
                return made.id

        self._with_beat(bank_id, issue, done)

    def _with_beat(self, bank_id: str, order: Callable[[], str], done: Callable[[str | None], None]) -> None:
        """Orders need a beat of the last 30 s. Banks of the world say one every few hours only, so it is asked for:
        a receipt that says nothing new makes a bank tell how it is."""

        def attempt() -> None:
            made: str | None
            try:
                made = order()
            except (GatewayError, DBAPIError, NotPossibleError):
                made = None
            done(made)

        presence = self._gateway.steps.presence if self._gateway.running else None
        birth = presence.birth_of(bank_id) if presence else None
        if presence is None or birth is None or presence.fresh_beat(bank_id) is not None:
            attempt()
            return
        try:
            self._gateway.steps.publisher.receipts_at_birth(bank_id, birth)
        except DBAPIError:
            attempt()
            return
        except Killed:
            self._gateway.crash()
            done(None)
            return
        self._gateway.broker.loop.after(_BEAT_WITHIN_MS, attempt)
