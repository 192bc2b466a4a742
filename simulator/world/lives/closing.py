"""Now and then an account of staff is closed and its work handed on; whoever had it tries to go on all the same."""

from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.care import contacts, looking_after
from gateway.care.codes import ContactKind
from gateway.incidents import stand_ins
from gateway.staff import closing
from gateway.staff import service as accounts
from simulator.world.lives.accounts import PASSWORD, Account, open_account
from simulator.world.lives.answering import Leave
from simulator.world.lives.calendar import DAY, MINUTE, day_of
from simulator.world.lives.office import DONE, LATER, Office

_NEWEST = text("SELECT coalesce(max(id), 0) FROM audit_record")
_FORGETS = 0.3
_AT_LEAST = 2
_LAST_DAY = day_of(1 << 42)


class Closing:
    """`administrator`: the account that closes others. `chance` is a stream of its own."""

    def __init__(self, office: Office, chance: Random, acts_a_day: float) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self.administrator = ""
        self._gap_ms = DAY / acts_a_day

    def live(self) -> None:
        """From now on."""
        self._office.later(max(2, round(self._chance.expovariate(1.0) * self._gap_ms)), self._turn)

    def _turn(self) -> str:
        self.go_on()
        self.live()
        return DONE

    def go_on(self) -> str:
        """An account is closed, or somebody whose account is closed is heard of once more."""
        closed = [one for one in self._records.accounts.values() if one.closed_at is not None and not one.lost]
        if closed and self._chance.random() < 0.5:
            return self._chance.choice((self._come_in, self._name))(self._chance.choice(closed))
        workers = self._records.workers[self._chance.choice(list(self._records.workers))]
        if len(workers) < _AT_LEAST:
            return "nothing"
        who, to = self._chance.sample(workers, 2)
        account = self._records.accounts[who]
        self._office.later(MINUTE, self._close, account, to, self._chance.random() < _FORGETS)
        return self._office.act(
            who, "sign_in", lambda session, at: accounts.open_sign_in(session, who, now=at).token,
            lambda token, _: setattr(account, "cookie", token),
        )  # fmt: skip

    def _close(self, account: Account, to: str, forgets: bool) -> str:
        """As an administrator does: what it looks after is handed on in the same go, unless that is forgotten."""
        who, by = account.id, self.administrator
        if not (account.is_open and self._records.accounts[to].is_open):
            return "nothing"

        def do(session: Session, at: int) -> int:
            if not forgets:
                closing.hand_on(session, who, to=to, actor=by, now=at)
            closing.close_account(session, who, actor=by, now=at)
            return session.scalar(_NEWEST) or 0

        may = self._answers(account, to, forgets)
        outcome = self._office.act(by, "close_account", do, lambda last, at: self._closed(account, to, last, at))
        self._judge(outcome, may, f"the account {who} is closed for {to}{', who is told nothing' if forgets else ''}")
        if outcome == DONE:
            self._office.later(MINUTE, self._hire, account)
            self._office.later(self._chance.randint(2 * MINUTE, DAY), self._come_in, account)
        return outcome

    def _answers(self, account: Account, to: str, forgets: bool) -> set[str]:
        """What the records say the gateway may answer: nobody is left without a worker, or a stand-in."""
        who, covered = account.id, self._covered(account)
        if forgets:
            looks_after = any(someone.worker == who for someone in self._records.people.values())
            return {"looks_after"} if looks_after else {"stands_in"} if covered else {DONE}
        refused = {"stand_in"} if any(one.staff == to for one in covered) else set()
        theirs = [one for one in self._records.leaves if one.staff == to]
        if any(one.overlaps(each.from_on, each.until_on) for one in theirs for each in covered if each.staff != to):
            refused.add("stand_in_away")
        return refused or {DONE}

    def _covered(self, account: Account) -> list[Leave]:
        return [one for one in self._to_come() if one.stand_in == account.id]

    def _to_come(self) -> list[Leave]:
        today = day_of(self._office.gateway.now())
        return [one for one in self._records.leaves if one.overlaps(today, _LAST_DAY)]

    def _closed(self, account: Account, to: str, last: int, at: int) -> None:
        records, who = self._records, account.id
        for someone in records.people.values():
            if someone.worker == who:
                someone.worker = to
        for leave in self._to_come():
            if leave.stand_in == who:
                leave.stand_in = to
            if leave.staff == who:
                leave.cancelled_at = at
        for card in records.cards.values():
            if card.owner == who and card.dead_at is None:
                card.dead_at = at
        records.workers[account.organisation].remove(who)
        account.closed_at, account.closed_after, account.successor = at, last, to

    def _hire(self, gone: Account) -> str:
        """Somebody new comes in their place."""
        name, by = f"newcomer {len(self._records.accounts)}", self.administrator

        def done(account: Account, _: int) -> None:
            self._records.accounts[account.id] = account
            self._records.workers[account.organisation].append(account.id)
            self._office.names[account.id] = name

        return self._office.act(
            by, "hire",
            lambda session, at: open_account(session, gone.role, name, gone.organisation, actor=by, now=at), done,
        )  # fmt: skip

    # What a closed account is still tried for

    def _come_in(self, account: Account) -> str:
        """Its browser, its token, its password: nobody comes in, let alone does anything (Office judges that)."""
        people = [one for one in self._records.people.values() if one.organisation == account.organisation]
        if account.is_open or account.lost or not people:
            return "nothing"
        who, someone = account.id, self._chance.choice(people)
        way, come_in = self._chance.choice(self._ways(account))
        return self._office.act(
            who, way,
            lambda session, at: contacts.log_contact(session, someone.id, kind=ContactKind.SEEN, actor=who, now=at),
            lambda *_: None, come_in,
        )  # fmt: skip

    def _ways(self, account: Account) -> list[tuple[str, Callable[[Session, int], Any]]]:
        return [
            ("come_by_browser", lambda session, at: accounts.signed_in(session, account.cookie, now=at)),
            ("come_by_token", lambda session, _: accounts.token_holder(session, account.token)),
            ("come_by_password", lambda session, _: accounts.authenticate(session, account.email, PASSWORD)),
        ]

    def _name(self, account: Account) -> str:
        """A colleague names them as somebody's worker, or as their own stand-in."""
        who = self._chance.choice(self._records.workers[account.organisation])
        people = [one for one in self._records.people.values() if one.organisation == account.organisation]
        today = day_of(self._office.gateway.now())
        away = any(who in (one.staff, one.stand_in) and one.overlaps(today, today) for one in self._records.leaves)
        if people and (away or self._chance.random() < 0.5):
            someone = self._chance.choice(people)
            outcome = self._office.act(
                who, "name_closed",
                lambda session, at: looking_after.name_worker(session, someone.id, account.id, actor=who, now=at),
                lambda *_: None,
            )  # fmt: skip
            may = {"worker"} | ({"person"} if someone.lost else set()) | ({"erased"} if someone.erased else set())
            return self._judge(outcome, may, f"{account.id}, who is gone, is named for {someone.id}")
        outcome = self._office.act(
            who, "stand_in_closed",
            lambda session, at: stand_ins.go_on_leave(
                session, staff_id=who, stand_in_id=account.id, from_on=today, until_on=today, actor=who, now=at
            ),
            lambda *_: None,
        )  # fmt: skip
        return self._judge(outcome, {"stand_in"}, f"{account.id}, who is gone, stands in for {who}")

    def _judge(self, outcome: str, may: set[str], what: str) -> str:
        if outcome not in may | {LATER} and not self._office.is_empty:
            self._office.violated("rights", f"{what}: answered {outcome}, and had to be {' or '.join(sorted(may))}")
        return outcome
