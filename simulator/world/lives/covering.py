"""Workers go on leave and come back; meanwhile somebody stands in. And somebody tries what they may not do."""

from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from gateway.care import contacts, offers, repository, reviews
from gateway.care.codes import AttemptResult, ContactKind, OfferOutcome, ReviewDecision
from gateway.contracts import service as contracts
from gateway.contracts.codes import EndReason
from gateway.incidents import stand_ins
from gateway.staff import addresses, scope
from simulator.world.lives.answering import Leave, Offered, Reviewed
from simulator.world.lives.calendar import DAY, MINUTE, day_of, days_on
from simulator.world.lives.office import DONE, LATER, Office
from simulator.world.lives.records import Someone

# What an act without the right is answered: the role does not have it, or the thing is out of sight.
_REFUSED = frozenset({"role", "person", "contract"})
Act = Callable[[Session, int], Any]


class Covering:
    """`workers` and `volunteers`: account ids by organisation."""

    def __init__(
        self, office: Office, chance: Random, workers: dict[str, list[str]], volunteers: dict[str, str]
    ) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self._workers = workers
        self._volunteers = volunteers

    def go_or_come_back(self) -> str:
        """A leave begins, is cut short, or somebody else stands in."""
        today = day_of(self._office.gateway.now())
        running = [one for one in self._records.leaves if one.overlaps(today, days_on(today, 30))]
        luck = self._chance.random()
        if running and luck < 0.3:
            return self._come_back(self._chance.choice(running))
        if running and luck < 0.5:
            return self._change(self._chance.choice(running))
        return self._go()

    def _go(self) -> str:
        staff = self._chance.choice(self._workers[self._chance.choice(list(self._workers))])
        stand_in = self._chance.choice(self._colleagues(staff))
        first = days_on(day_of(self._office.gateway.now()), self._chance.choice((0, 0, 0, 1)))
        last = days_on(first, self._chance.randint(0, 9))
        expected = self._why_not(Leave("", staff, stand_in, first, last))
        outcome = self._office.act(
            staff, "go_on_leave",
            lambda session, at: stand_ins.go_on_leave(
                session, staff_id=staff, stand_in_id=stand_in, from_on=first, until_on=last, actor=staff, now=at
            ).id,
            lambda made, _: self._records.leaves.append(Leave(made, staff, stand_in, first, last)),
        )  # fmt: skip
        return self._judge(outcome, expected, f"the leave of {staff} with {stand_in} from {first} to {last}")

    def _change(self, leave: Leave) -> str:
        stand_in = self._chance.choice(self._colleagues(leave.staff))
        expected = self._why_not_stand_in(leave, stand_in)
        outcome = self._office.act(
            leave.staff, "change_stand_in",
            lambda session, at: stand_ins.change_stand_in(
                session, leave.id, stand_in_id=stand_in, actor=leave.staff, now=at
            ),
            lambda *_: setattr(leave, "stand_in", stand_in),
        )  # fmt: skip
        return self._judge(outcome, expected, f"{stand_in} for {leave.staff} from {leave.from_on} to {leave.until_on}")

    def _come_back(self, leave: Leave) -> str:
        return self._office.act(
            leave.staff, "come_back",
            lambda session, at: stand_ins.cancel(session, leave.id, actor=leave.staff, now=at),
            lambda _, at: setattr(leave, "cancelled_at", at),
        )  # fmt: skip

    def _why_not(self, wanted: Leave) -> str:
        """What the records say the gateway must answer: nobody is without somebody who is there."""
        span = wanted.from_on, wanted.until_on
        if any(one.staff == wanted.staff and one.overlaps(*span) for one in self._records.leaves):
            return "on_leave"
        if any(one.stand_in == wanted.staff and one.overlaps(*span) for one in self._records.leaves):
            return "stands_in"
        return self._why_not_stand_in(wanted, wanted.stand_in)

    def _why_not_stand_in(self, leave: Leave, stand_in: str) -> str:
        if stand_in == leave.staff:
            return "stand_in"
        away = [one for one in self._records.leaves if one.staff == stand_in]
        return "stand_in_away" if any(one.overlaps(leave.from_on, leave.until_on) for one in away) else DONE

    def _judge(self, outcome: str, expected: str, what: str) -> str:
        if outcome not in (LATER, expected) and not self._office.is_empty:
            self._office.violated("answers", f"{what} was answered {outcome}, and had to be {expected}")
        return outcome

    # What is done in somebody's stead

    def review(self, who: str, someone: Someone) -> str:
        """Whoever answers for them asks for a review; a minute later it is decided."""
        today = day_of(self._office.gateway.now())
        acting = self._records.acting(who, today)

        def do(session: Session, at: int) -> str:
            if acting != who and who not in repository.stood_in_for(session, acting, today):
                self._office.violated("answers", f"{acting} stands in for {who} today, and is not told")
            return reviews.ask(session, someone.id, actor=acting, now=at).id

        def done(made: str, _: int) -> None:
            if all(one.id != made for one in self._records.reviews):
                self._records.reviews.append(Reviewed(made, someone.id, acting))
            self._office.later(MINUTE, self._decide, acting, someone)

        return self._office.act(acting, "review", do, done)

    def _decide(self, who: str, someone: Someone) -> str:
        decision = self._chance.choice(list(ReviewDecision))

        def done(made: str, at: int) -> None:
            known = next((one for one in self._records.reviews if one.id == made), None)
            if known is None:
                known = Reviewed(made, someone.id, "")
                self._records.reviews.append(known)
            known.decision, known.decided_by, known.decided_at = decision.value, who, at

        return self._office.act(
            who, "decide_review",
            lambda session, at: reviews.decide(session, someone.id, decision, actor=who, now=at).id, done,
        )  # fmt: skip

    def offer(self) -> str:
        """A place is offered to somebody who waits; a day later it is said what became of it."""
        waiting = [one for one in self._records.waiting if one.closed_at is None]
        if not waiting:
            return "nothing"
        entry = self._chance.choice(waiting)
        today = day_of(self._office.gateway.now())
        who = self._records.acting(self._chance.choice(self._workers[entry.organisation]), today)
        open_one = any(one.entry == entry.id and one.closed_at is None for one in self._records.offers)

        def done(made: str, _: int) -> None:
            offered = Offered(made, entry.id, who)
            self._records.offers.append(offered)
            self._office.later(DAY, self._close, who, offered)

        outcome = self._office.act(
            who, "offer", lambda session, at: offers.make_offer(session, entry.id, actor=who, now=at).id, done
        )
        return self._judge(outcome, "offer_open" if open_one else DONE, f"an offer to {entry.person}")

    def _close(self, who: str, offered: Offered) -> str:
        """Nobody says of someone whom nobody tried to reach that they were not reached."""
        if offered.closed_at is not None:
            return "nothing"
        outcome, tried = self._chance.choice(list(OfferOutcome)), self._chance.random() < 0.5

        def do(session: Session, at: int) -> None:
            if tried:
                offers.record_attempt(
                    session, offered.id, kind=ContactKind.PHONED, result=AttemptResult.NOT_REACHED, actor=who, now=at
                )
            offers.close_offer(session, offered.id, outcome, actor=who, now=at)

        def done(_: Any, at: int) -> None:
            offered.outcome, offered.closed_by, offered.closed_at = outcome.value, who, at

        return self._office.act(who, "close_offer", do, done)

    # What nobody may do

    def intrude(self, someone: Someone) -> str:
        """A volunteer does what they may, and in one go what they may not; or a worker of another charity tries."""
        others = [organisation for organisation in self._workers if organisation != someone.organisation]
        if self._chance.random() < 0.5 or not others:
            who, role, organisation = self._volunteers[someone.organisation], "volunteer", someone.organisation
        else:
            organisation = self._chance.choice(others)
            who, role = self._chance.choice(self._workers[organisation]), "worker"
        path, named, act = self._chance.choice(self._forbidden(who, someone))

        def do(session: Session, at: int) -> None:
            if organisation == someone.organisation:
                contacts.log_contact(session, someone.id, kind=ContactKind.SEEN, actor=who, now=at)
            addresses.require(role, "POST", path)
            scope.require_own(session, organisation, named, right=addresses.asked("POST", path), changing=True, now=at)
            act(session, at)

        outcome = self._office.act(who, "intrude", do, lambda *_: None)
        refused = _REFUSED | ({"erased"} if someone.erased else set())
        if outcome not in refused | {LATER} and not self._office.is_empty:
            self._office.violated("answers", f"{who} ({role}) did {path}: {outcome}")
        return outcome

    def _forbidden(self, who: str, someone: Someone) -> list[tuple[str, dict[str, str], Act]]:
        """By its address, with what that names, and what would be done."""
        person = {"person_id": someone.id}
        acts: list[tuple[str, dict[str, str], Act]] = [
            (
                f"/api/v1/people/{someone.id}/reviews", person,
                lambda session, at: reviews.ask(session, someone.id, actor=who, now=at),
            ),
            (
                f"/api/v1/people/{someone.id}/reviews/decide", person,
                lambda session, at: reviews.decide(session, someone.id, ReviewDecision.END, actor=who, now=at),
            ),
        ]  # fmt: skip
        pact = someone.pact
        if pact is not None and not pact.lost:
            reason = EndReason.UNKNOWN.value
            acts.append((
                f"/api/v1/contracts/{pact.id}/end", {"contract_id": pact.id},
                lambda session, at: contracts.end(session, pact.id, reason=reason, actor=who, now=at),
            ))  # fmt: skip
        return acts

    def _colleagues(self, staff: str) -> list[str]:
        return next(workers for workers in self._workers.values() if staff in workers)
