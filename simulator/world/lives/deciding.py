"""What staff decide about contracts that are there, each as a unit of work and what it changes in their records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from gateway.contracts import codes, endings, notices, parties, trusted
from gateway.contracts import service as contracts
from gateway.contracts.service import How
from gateway.custody.codes import Check
from simulator.world.lives.begun import begun
from simulator.world.lives.calendar import day_of, days_on, midnight
from simulator.world.lives.giving import judge_given
from simulator.world.lives.office import DONE, Office
from simulator.world.lives.pacts import Life, Pact, Part, Trust
from simulator.world.lives.records import Someone

_RUNNING = (Life.UPCOMING, Life.ACTIVE, Life.SUSPENDED)
_OPENS = (*_RUNNING, Life.ENDING)
# What may be decided in which state, as the project promises it (the life of a contract).
IN_TURN: Mapping[str, tuple[Life, ...]] = {
    "sign": (Life.DRAFT,),
    "suspend": (Life.ACTIVE, Life.SUSPENDED),
    "resume": (Life.SUSPENDED,),
    "renew": _OPENS,
    "move": (Life.UPCOMING, Life.ACTIVE),
    "plan_end": _RUNNING,
    "end": (Life.DRAFT, *_RUNNING),
    "say_how": (Life.ENDING, Life.ENDED),
    "emptied": (Life.ENDING,),
    "join": (Life.DRAFT, *_RUNNING),
    "part": (Life.DRAFT, *_OPENS),
    "trust": _OPENS,
    "distrust": _OPENS,
    "leave_notice": _OPENS,
    "give_notice": _OPENS,
}
# What begins a contract whose people have been let in already.
_LETS_GO = frozenset({"end", "move"})
_AFTER_DEATH = frozenset({"emptied", "say_how", "give_notice"})
_OUT_OF_TURN = frozenset({"transition", "frozen", "changed_meanwhile"})


@dataclass(frozen=True)
class Plan:
    """A call of a service, what it changes in the records, and the reason that will be on record."""

    call: Callable[..., Any]
    arguments: dict[str, Any]
    follow: Callable[[Any, int], object]
    reason: str | None = None


class Deciding:
    """`chance` is the staff's own."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance

    def decide(self, who: str, action: str, pact: Pact, *, seen: int | None = None) -> str:
        """Decides it, if there is anything to decide it with; `nothing` otherwise. Answers as Office.act."""
        now = self._office.gateway.now()
        plan: Plan | None = getattr(self, f"_{action}")(pact, now)
        if plan is None:
            return "nothing"
        looked_at = len(pact.decisions) if seen is None else seen
        holds = begun(self._office, pact, now) if action in _LETS_GO else []
        before, planned = Life.ACTIVE if holds else pact.state(now), pact.pause_ahead(now)
        if action == "end" and before in IN_TURN["say_how"] and not pact.reasons and looked_at == len(pact.decisions):
            action = "say_how"  # its date has ended it, and nobody said why

        def do(session: Session, at: int) -> tuple[Any, int]:
            contract = contracts.contract_of(session, pact.id)  # held, so that it is loaded once
            made = plan.call(session, **plan.arguments, actor=who, now=at, seen=looked_at)
            return made, contract.version

        def done(found: tuple[Any, int], at: int) -> None:
            made, version = found
            if version == len(pact.decisions):
                return  # nothing was to be decided
            self._judge(action, pact, before, planned, DONE, looked_at)
            pact.begin(at, holds)
            plan.follow(made, at)
            if action == "join":
                joined = self._records.people[pact.parts[-1].person]
                joined.worker = joined.worker or who
            pact.decided(at, who, action, plan.reason)
            self._records.took(pact)

        outcome = self._office.act(who, action, do, done)
        if outcome in _OUT_OF_TURN:
            self._judge(action, pact, before, planned, outcome, looked_at)
        return outcome

    def _judge(self, action: str, pact: Pact, before: Life, planned: bool, outcome: str, seen: int) -> None:
        """Decisions that are in turn are taken; the others, and those made on an old view, are not.

        `planned`: a suspension lay ahead, which resuming takes back.
        """
        in_turn = (before in IN_TURN[action] or (action == "resume" and planned)) and (
            pact.frozen_at is None or action in _AFTER_DEATH
        )
        fresh = seen == len(pact.decisions)
        if (outcome == DONE) != (in_turn and fresh):
            self._office.violated(
                "decisions",
                f"contract {pact.id} ({before}): {action}, {'in' if in_turn else 'out of'} turn and "
                f"{'fresh' if fresh else 'stale'}, was answered {outcome}",
            )

    # One plan each

    def _sign(self, pact: Pact, _now: int) -> Plan:
        box = self._records.boxes[pact.present.bank, pact.present.number]

        def sign(at: int) -> None:
            pact.sign(at, box.freed(pact.from_at, min(at, pact.until_at - 1)))

        return Plan(contracts.sign, {"contract_id": pact.id}, lambda _, at: self._takes(pact, sign, at))

    def _takes(self, pact: Pact, follow: Callable[[int], None], at: int) -> None:
        follow(at)
        self._records.settle(pact, at)
        if pact.from_at <= at:
            judge_given(self._office, self._records.boxes[pact.present.bank, pact.present.number], pact, at)

    def _suspend(self, pact: Pact, now: int) -> Plan:
        today, reason = day_of(now), self._one(codes.SuspendReason)
        from_on = days_on(today, self._chance.randint(1, 3)) if self._chance.random() < 0.2 else None
        review_on = days_on(from_on or today, self._chance.randint(1, 12))
        return Plan(
            contracts.suspend,
            {"contract_id": pact.id, "reason": reason, "review_on": review_on, "from_on": from_on,
             "fetch": self._one(codes.Fetch)},
            lambda _, at: pact.suspend(at, review_on, from_on),
            reason,
        )  # fmt: skip

    def _resume(self, pact: Pact, _now: int) -> Plan:
        return Plan(contracts.resume, {"contract_id": pact.id}, lambda _, at: pact.resume(at))

    def _renew(self, pact: Pact, now: int) -> Plan:
        later = max(pact.ends_on, day_of(now))
        ends_on = days_on(later, self._chance.randint(1, 40))
        return Plan(
            contracts.renew, {"contract_id": pact.id, "ends_on": ends_on}, lambda *_: pact.renew(ends_on)
        )  # fmt: skip

    def _move(self, pact: Pact, now: int) -> Plan | None:
        here = self._records.boxes[pact.holds[0].bank, pact.holds[0].number]
        boxes = [
            box for box in self._records.boxes.values()
            if (box.site, box.service) == (here.site, here.service) and box.ready(now)
        ]  # fmt: skip
        if not boxes:
            return None
        box = self._chance.choice(boxes)
        return Plan(
            contracts.move, {"contract_id": pact.id, "bank_id": box.bank, "number": box.number},
            lambda _, at: self._takes(pact, lambda now: pact.move(now, box.bank, box.number), at),
        )  # fmt: skip

    def _plan_end(self, pact: Pact, now: int) -> Plan:
        first = max(day_of(now), pact.starts_on)
        span = max(0, (pact.ends_on - first).days)
        ends_on = days_on(first, self._chance.randint(0, min(span, 20)))
        reason, how = self._how()

        def follow(_: Any, __: int) -> None:
            pact.say_how({reason, *how.more_reasons}, how.decided_by, how.destination, how.stability)
            pact.plan_end(ends_on)

        return Plan(
            endings.plan_end, {"contract_id": pact.id, "ends_on": ends_on, "reason": reason, "how": how}, follow, reason
        )

    def _end(self, pact: Pact, _now: int) -> Plan:
        reason, how = self._how()
        days = self._chance.choice([None, None, 0, 1, 7])

        def follow(_: Any, at: int) -> None:
            if pact.state(at) not in IN_TURN["say_how"]:
                pact.end(at, days)
            pact.say_how({reason, *how.more_reasons}, how.decided_by, how.destination, how.stability)

        return Plan(
            contracts.end, {"contract_id": pact.id, "reason": reason, "how": how, "collect_days": days}, follow, reason
        )

    def _say_how(self, pact: Pact, _now: int) -> Plan:
        reason, how = self._how()
        return Plan(
            contracts.tell_how, {"contract_id": pact.id, "reason": reason, "how": how},
            lambda *_: pact.say_how({reason, *how.more_reasons}, how.decided_by, how.destination, how.stability),
            reason,
        )  # fmt: skip

    def _emptied(self, pact: Pact, _now: int) -> Plan | None:
        """Only what is truly empty is confirmed to be."""
        hold = pact.present
        box = self._records.boxes[hold.bank, hold.number]
        if box.inside is not None:
            return None
        also = [check for check in (Check.CLEANED, Check.LOCK) if self._chance.random() < 0.7]

        def follow(_: Any, at: int) -> None:
            pact.emptied(at)
            box.looked(["empty", *(one.value for one in also)], at)

        return Plan(contracts.confirm_emptied, {"contract_id": pact.id, "also": also}, follow)

    def _join(self, pact: Pact, now: int) -> Plan | None:
        present = pact.people(now)
        first = self._records.people[present[0]]
        others = [
            one for one in self._records.people.values()
            if one.organisation == first.organisation and not one.died and not _busy(one, now)
        ]  # fmt: skip
        if pact.service == "luggage":
            others = [one for one in others if one.eligible]
        if not others or len(present) > 1:
            return None
        other = self._chance.choice(others)

        def follow(_: Any, at: int) -> None:
            pact.parts.append(Part(other.id, max(at, pact.from_at)))
            other.pacts = [one for one in other.pacts if one is not pact] + [pact]
            self._records.settle(pact, at)

        return Plan(parties.join, {"contract_id": pact.id, "person_id": other.id}, follow)

    def _part(self, pact: Pact, now: int) -> Plan | None:
        present = pact.people(now)
        if len(present) < 2:
            return None
        leaving = self._chance.choice(present)
        return Plan(
            parties.part, {"contract_id": pact.id, "person_id": leaving}, lambda _, at: self.parted(pact, leaving, at)
        )

    def parted(self, pact: Pact, person: str, at: int) -> None:
        """Someone has left a contract: their badges, and those of whom they trusted, open it no more."""
        part = next(one for one in pact.parts if one.person == person and one.until_at is None)
        part.from_at, part.until_at = min(part.from_at, at), at
        for trust in pact.trusts:
            if trust.by == person:
                self._distrusted(trust, at)
        self._records.settle(pact, at)

    def _trust(self, pact: Pact, now: int) -> Plan | None:
        if len(pact.trusts) >= 6:
            return None
        by = self._chance.choice(pact.people(now))
        first = days_on(day_of(now), self._chance.choice([0, 0, 2]))
        last = days_on(first, self._chance.randint(0, 15))
        site = self._records.boxes[pact.holds[0].bank, pact.holds[0].number].site
        card = next(iter(self._records.stock(site)), None)

        def follow(made: Any, at: int) -> None:
            pact.trusts.append(Trust(made.id, by, midnight(first), midnight(days_on(last, 1))))
            if card is not None:
                card.owner, card.given_at = made.id, at
                self._records.people[by].cards.append(card)

        return Plan(
            trusted.trust,
            {"contract_id": pact.id, "person_id": by, "name": "Somebody", "from_on": first, "until_on": last,
             "badge_id": card and card.id},
            follow,
        )  # fmt: skip

    def _distrust(self, pact: Pact, _now: int) -> Plan | None:
        trust = next((one for one in pact.trusts if one.ended_at is None), None)
        if trust is None:
            return None
        return Plan(
            trusted.distrust, {"trusted_id": trust.id}, lambda _, at: self._distrusted(trust, at)
        )  # fmt: skip

    def _distrusted(self, trust: Trust, at: int) -> None:
        if trust.ended_at is not None:
            return
        trust.ended_at = at
        for card in self._records.cards.values():
            if card.owner == trust.id and card.dead_at is None:
                card.dead_at = at

    def _leave_notice(self, pact: Pact, _now: int) -> Plan:
        why = self._chance.choice([codes.NoticeWhy.MESSAGE, codes.NoticeWhy.MAIL, codes.NoticeWhy.APPOINTMENT]).value

        def follow(made: Any, _: int) -> None:
            pact.notices[made.id] = why

        return Plan(notices.leave, {"contract_id": pact.id, "why": why}, follow, why)

    def _give_notice(self, pact: Pact, _now: int) -> Plan | None:
        if not pact.notices:
            return None
        notice, why = next(iter(pact.notices.items()))
        return Plan(notices.give, {"notice_id": notice}, lambda *_: pact.notices.pop(notice, None), why)

    def _how(self) -> tuple[str, How]:
        reasons = [reason.value for reason in codes.EndReason if reason is not codes.EndReason.DEATH]
        reason, *more = self._chance.sample(reasons, self._chance.choice([1, 1, 2, 3]))
        return reason, How(
            more_reasons=tuple(more), decided_by=self._one(codes.DecidedBy), destination=self._one(codes.Destination),
            stability=self._one(codes.Stability),
        )  # fmt: skip

    def _one(self, kind: type[StrEnum]) -> str:
        return str(self._chance.choice(list(kind)).value)


def _busy(someone: Someone, now: int) -> bool:
    return any(someone.id in pact.people(now) and pact.state(now) is not Life.ENDED for pact in someone.pacts)
