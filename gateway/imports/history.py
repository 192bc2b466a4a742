"""Writes one past contract with everything the file says of it, dated as it happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gateway.care.codes import Certainty, Moment
from gateway.care.models import Snapshot, SupportAct
from gateway.contracts.codes import DecidedBy, Destination, Stability
from gateway.contracts.models import Contract, EndReason, Holding, Party, Transition
from gateway.contracts.states import Action, State
from gateway.days import day_after, midnight, term_end
from gateway.db import new_id
from gateway.imports.placing import Placed
from gateway.imports.records import Past
from gateway.lockers.models import Locker
from gateway.people.models import Person
from gateway.schemes.models import Scheme


@dataclass(frozen=True)
class Writer:
    """Writes into one scheme; `actor` and `now` say who brought the file in, and when."""

    session: Session
    scheme: Scheme
    zone: str
    today: date
    actor: str
    now: int

    def add(self, placed: Placed, person: Person, locker: Locker) -> Contract:
        """The contract with its locker, what was decided, how things stood on entry and exit, and the support given."""
        past = placed.contract
        contract = self._contract(past, person)
        contract.holdings.append(
            Holding(id=self._id(), locker=locker, from_at=contract.from_at, until_at=self._held_until(placed, contract))
        )
        contract.collect_until = contract.holdings[0].until_at
        contract.parties.append(Party(id=self._id(), person=person, place=1, from_at=contract.from_at))
        contract.end_reasons.extend(EndReason(reason=reason) for reason in past.reasons)
        self.session.add(contract)
        self.session.flush()
        self.session.add_all([*self._decisions(contract, past), *self._snapshots(contract, past)])
        self.session.add_all(self._supports(contract, past))
        return contract

    def _contract(self, past: Past, person: Person) -> Contract:
        last = past.ends_on or self._term(past.starts_on)
        until = midnight(self.zone, day_after(last))
        over = past.ends_on is not None
        return Contract(
            id=self._id(), person=person, scheme_id=self.scheme.id, starts_on=past.starts_on, ends_on=last,
            terms=self.scheme.terms, from_at=midnight(self.zone, past.starts_on), until_at=until, collect_until=until,
            created_at=self.now, signed_at=midnight(self.zone, past.starts_on), ended_at=until if over else None,
            end_decided_by=(past.decided_by or DecidedBy.UNKNOWN.value) if over else None,
            destination=(past.destination or Destination.UNKNOWN.value) if over else None,
            stability=(past.stability or Stability.UNKNOWN.value) if over else None,
            end_note=past.note if over else None, version=2 if over else 1, suspensions=[],
        )  # fmt: skip

    def _term(self, first: date) -> date:
        """A contract that goes on has been renewed, term by term, until now."""
        months = self.scheme.terms.term_months
        terms = 1
        while term_end(first, months * terms) < self.today:
            terms += 1
        return term_end(first, months * terms)

    def _held_until(self, placed: Placed, contract: Contract) -> int:
        if placed.contract.ends_on is None:
            return midnight(self.zone, day_after(contract.ends_on, 1 + self.scheme.terms.grace_days))
        return max(contract.until_at, midnight(self.zone, placed.held_until))

    def _decisions(self, contract: Contract, past: Past) -> Iterator[Transition]:
        over = past.ends_on is not None
        yield Transition(
            id=self._id(), contract_id=contract.id, number=1, at=contract.from_at, author=self.actor, action="assign",
            from_state=None, to_state=State.ACTIVE.value, note=None if over else past.note,
        )  # fmt: skip
        if over:
            after = State.ENDING if contract.collect_until > contract.until_at else State.ENDED
            yield Transition(
                id=self._id(), contract_id=contract.id, number=2, at=contract.until_at, author=self.actor,
                action=Action.END.value, from_state=State.ACTIVE.value, to_state=after.value,
                reason=past.reasons[0] if past.reasons else None, note=past.note,
            )  # fmt: skip

    def _snapshots(self, contract: Contract, past: Past) -> Iterator[Snapshot]:
        if past.entry:
            yield self._snapshot(contract, Moment.ENTRY, contract.from_at, "entry" in past.assumed, past.entry)
        if past.work_on_exit is not None:
            yield self._snapshot(contract, Moment.EXIT, contract.until_at, False, {"work": past.work_on_exit})

    def _snapshot(
        self, contract: Contract, moment: Moment, at: int, assumed: bool, answers: Mapping[str, str]
    ) -> Snapshot:
        return Snapshot(
            id=self._id(), person_id=contract.person.id, contract_id=contract.id, moment=moment.value, at=at,
            certainty=_certainty(assumed), recorded_by=self.actor, recorded_at=self.now, **answers,
        )  # fmt: skip

    def _supports(self, contract: Contract, past: Past) -> Iterator[SupportAct]:
        """The file says what was given, not when: it is dated to the first day."""
        for kind in past.supports:
            yield SupportAct(
                id=self._id(), person_id=contract.person.id, contract_id=contract.id, kind=kind, at=contract.from_at,
                certainty=_certainty("supports" in past.assumed), recorded_by=self.actor, recorded_at=self.now,
            )  # fmt: skip

    def _id(self) -> str:
        return new_id(self.now)


def _certainty(assumed: bool) -> str:
    return Certainty.ASSUMED.value if assumed else Certainty.STATED.value
