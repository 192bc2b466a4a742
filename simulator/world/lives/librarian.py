"""What librarians do: let people join, lend tools from a locker or over the desk, look at them when they are back."""

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.loans import members
from gateway.loans import service as loans
from gateway.loans.catalogue import note_condition
from gateway.loans.codes import Condition, LeftWhy
from simulator.world.lives.calendar import DAY, MINUTE, day_of, days_on, midnight
from simulator.world.lives.lending import AT_ONCE, Done, Lent, Library, Member, due_after, due_on, is_off
from simulator.world.lives.office import DONE, LATER, Office
from simulator.world.lives.pacts import Hold
from simulator.world.lives.records import Someone

_NEWEST = text("SELECT coalesce(max(id), 0) FROM event")
_LOOKS = 1
_NOT_LENT = frozenset({"damaged", "missing"})
_JUDGED = frozenset({"day_off", "not_lent", "tool_promised", "loan_limit"})


class Librarian:
    """`library`: None where no tools are lent. Loans through the locker are fetched and brought back by badge alone."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self.library: Library | None = None

    def lend(self, who: str, someone: Someone) -> str:
        """Whoever has a locker beside the tools borrows some; now and then something else is done with a loan."""
        open_ones = [lent for lent in self._records.lent.values() if lent.is_open]
        if open_ones and self._chance.random() < 0.35:
            return self._go_on(who, self._chance.choice(open_ones))
        member = next(
            (
                one
                for one in self._records.members
                if one.person == someone.id and one.ended_at is None and not one.lost
            ),
            None,
        )
        return self._join(who, someone) if member is None else self._plan(who, member)

    def _join(self, who: str, someone: Someone) -> str:
        library = self._library
        today = day_of(self._office.gateway.now())

        def done(made: tuple[str, date], _: int) -> None:
            member = Member(made[0], someone.id, library.site, today, made[1], midnight(today))
            self._records.members.append(member)
            self._office.later(MINUTE, self._plan, who, member)

        def do(session: Session, at: int) -> tuple[str, date]:
            made = members.join(
                session, person_id=someone.id, scheme_id=library.scheme, site_id=library.site, actor=who, now=at
            )
            return made.id, made.ends_on

        return self._office.act(who, "join_library", do, done)

    def _plan(self, who: str, member: Member) -> str:
        """From today or in some days, fetched from the locker or handed over the desk."""
        library, now = self._library, self._office.gateway.now()
        tools = self._wanted()
        first = days_on(day_of(now), 0 if self._chance.random() < 0.8 else 2)
        due = due_after(first) if self._chance.random() < 0.6 else days_on(first, self._chance.randint(1, 5))
        from_at, due_at = max(now, midnight(first)), due_on(due)
        place = (library.bank, library.number) if self._chance.random() < 0.8 else None

        def do(session: Session, at: int) -> str:
            return loans.plan(
                session, membership_id=member.id, tool_ids=tools, from_on=first, due_on=due, place=place, actor=who,
                now=at,
            ).id  # fmt: skip

        def done(loan_id: str, at: int) -> None:
            holds = [Hold(*place, from_at, from_at)] if place else []
            lent = Lent(loan_id, member, dict.fromkeys(tools), from_at, due_at, holds, from_at, due_at)
            lent.know(at)
            self._records.lent[loan_id] = lent
            self._records.people[member.person].lent.append(lent)
            if place is None:
                self._office.later(MINUTE, self._hand_over, who, lent)
            self._office.later(self._chance.randint(2 * DAY, 12 * DAY), self._look, who, lent, _LOOKS)

        must, may = self._refusals(member, tools, from_at, due_at, off=is_off(due))
        outcome = self._office.act(who, "lend", do, done)
        if outcome == DONE and must:
            self._office.violated("loans", f"{member.id} is lent {tools}, against {sorted(must)}")
        elif outcome in _JUDGED - may:
            self._office.violated("loans", f"{member.id} is not lent {tools}: {outcome}, and nothing says so")
        return outcome

    def _wanted(self) -> list[str]:
        """Mostly one; now and then more than anybody may have, or something that is missing or broken."""
        if self._lacking and self._chance.random() < 0.2:
            return [self._chance.choice(self._lacking)]
        return self._chance.sample(sorted(self._records.tools), self._chance.choice((1, 1, 1, 2, 2, AT_ONCE + 1)))

    @property
    def _lacking(self) -> list[str]:
        return [tool for tool, condition in self._records.tools.items() if condition in _NOT_LENT]

    def _refusals(
        self, member: Member, tools: list[str], from_at: int, due_at: int, *, off: bool
    ) -> tuple[set[str], set[str]]:
        """Why it must be refused, and why it may be: what is out is known for certain only of the desk's loans."""
        every = [one for one in self._records.lent.values() if not one.lost and one.cancelled_at is None]
        theirs = [one for one in every if one.is_open and one.member is member]
        sure = [len(one.out) for one in theirs if one.overlaps(from_at, due_at, surely=True) and not one.holds]
        rivals = [one for one in every if one.overlaps(from_at, due_at) and set(one.tools) & set(tools)]
        must, may = set(), set()
        if off:
            must.add("day_off")
        if any(self._records.tools[tool] in _NOT_LENT for tool in tools):
            must.add("not_lent")
        if any(set(one.out) & set(tools) and one.overlaps(from_at, due_at, surely=True) for one in rivals):
            must.add("tool_promised")
        elif rivals:
            may.add("tool_promised")
        if sum(sure) + len(tools) > AT_ONCE:
            must.add("loan_limit")
        elif sum(len(one.out) for one in theirs) + len(tools) > AT_ONCE:
            may.add("loan_limit")
        return must, may | must

    def _go_on(self, who: str, lent: Lent) -> str:
        return self._chance.choice((self._extend, self._cancel, self._look_now, self._leave, self._found))(who, lent)

    def _hand_over(self, who: str, lent: Lent) -> str:
        def done(_: Any, at: int) -> None:
            lent.from_at = min(lent.from_at, at)

        return self._do(who, "hand_over", lent, loans.hand_over, done)

    def _extend(self, who: str, lent: Lent) -> str:
        now = self._office.gateway.now()
        due_at = due_on(due_after(max(day_of(lent.due_at), day_of(now))))

        def done(_: Any, at: int) -> None:
            lent.due_at, lent.extensions = due_at, lent.extensions + 1
            lent.know(at)

        return self._do(who, "extend_loan", lent, loans.extend, done, due_at=due_at)

    def _cancel(self, who: str, lent: Lent) -> str:
        """Only what nobody can have fetched."""
        if lent.holds and self._office.gateway.now() >= lent.from_at:
            return "nothing"

        def done(_: Any, at: int) -> None:
            lent.cancelled_at = at
            lent.know(at)

        return self._do(who, "cancel_loan", lent, loans.cancel, done)

    def _look_now(self, who: str, lent: Lent) -> str:
        """Most are as good as they were; some come back one by one, broken, or not at all."""
        out = lent.out
        seen = out if self._chance.random() < 0.8 else out[:1]
        worse = [Condition.WORN, Condition.DAMAGED, Condition.MISSING, Condition.MISSING]
        found = {tool: Condition.GOOD if self._chance.random() < 0.8 else self._chance.choice(worse) for tool in seen}

        def done(_: Any, at: int) -> None:
            for tool, condition in found.items():
                lent.tools[tool] = self._records.tools[tool] = condition.value
            if not lent.out:
                lent.checked_at = at
                lent.know(at)

        return self._do(
            who, "take_back", lent,
            lambda session, name, *, actor, now: loans.take_back(session, name, found, actor=actor, now=now), done,
        )  # fmt: skip

    def _look(self, who: str, lent: Lent, left: int) -> str:
        """By then they are back, or somebody asks where they are."""
        if not lent.is_open:
            return "nothing"
        outcome = self._look_now(who, lent)
        if left and lent.is_open and outcome != LATER:
            self._office.later(self._chance.randint(DAY, 6 * DAY), self._look, who, lent, left - 1)
        return outcome

    def _leave(self, who: str, lent: Lent) -> str:
        """Nobody leaves with tools."""
        member, why = lent.member, self._chance.choice(list(LeftWhy))
        holds = any(one.is_open and one.member is member for one in self._records.lent.values())

        def done(_: Any, at: int) -> None:
            if member.ended_at is None:
                member.ended_at, member.why = at, why.value

        outcome = self._office.act(
            who, "leave_library",
            lambda session, at: members.leave(session, member.id, why=why, actor=who, now=at), done,
        )  # fmt: skip
        if outcome in (DONE, "tools_out") and holds != (outcome == "tools_out"):
            self._office.violated("loans", f"{member.id} leaves: {outcome}, and has tools: {holds}")
        return outcome

    def _found(self, who: str, _lent: Lent) -> str:
        """What was missing or broken can be lent again."""
        if not self._lacking:
            return "nothing"
        tool = self._chance.choice(self._lacking)

        def done(_: Any, __: int) -> None:
            self._records.tools[tool] = Condition.GOOD.value

        return self._office.act(
            who, "tool_found",
            lambda session, at: note_condition(session, tool, Condition.GOOD, actor=who, now=at), done,
        )  # fmt: skip

    def _do(
        self, who: str, what: str, lent: Lent, call: Callable[..., Any], done: Callable[[Any, int], None],
        due_at: int = 0,
    ) -> str:  # fmt: skip
        """What became of it is remembered with what the doors had told by then."""
        seen: list[tuple[int, int]] = []

        def do(session: Session, at: int) -> Any:
            seen.append((session.scalar(_NEWEST) or 0, at))
            return call(session, lent.id, actor=who, now=at)

        outcome = self._office.act(who, what, do, done)
        if seen and outcome != LATER:
            lent.acts.append(Done(*seen[0], what, outcome, due_at))
        return outcome

    @property
    def _library(self) -> Library:
        assert self.library is not None
        return self.library
