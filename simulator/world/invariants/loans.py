"""Loans are what librarians did and what the doors said: nothing is lent twice, nothing is out that nobody took.

What the doors say is read again here from the entries that the gateway has stored, with none of its code.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from simulator.world.lives.calendar import day_of, days_on, midnight
from simulator.world.lives.lending import GRACE_DAYS, Done, Lent
from simulator.world.lives.office import DONE, Office
from simulator.world.lives.records import Records

_VISIT_MS = 15 * 60_000
_LOANS = text(
    "SELECT id, from_at, due_at, extensions, taken_at, returned_at, checked_at, cancelled_at FROM loan ORDER BY id"
)
_ITEMS = text("SELECT tool_id, loan_id, from_at, until_at, taken_at, returned_at, condition FROM loan_item ORDER BY id")
_TOLD = text(
    "SELECT id, kind, at, seq, line FROM event WHERE bank_id = :bank AND locker = :locker "
    "AND kind IN ('release_intended', 'not_opened', 'release_failed', 'door_opened') AND epoch IS NOT NULL ORDER BY id"
)
_BADGES = text("SELECT digest, person_id, registered_at, revoked_at FROM badge WHERE person_id IS NOT NULL")
_body = msgspec.json.Decoder(dict[str, Any])


class Told(NamedTuple):
    """What a tool locker's bank has told: a release by somebody's badge, or (`kind`) what its lock or door then did."""

    id: int
    at: int
    seq: int
    kind: str
    release: str
    people: frozenset[str] | None


class Reading(NamedTuple):
    """When a loan was taken and brought back, as doors and desk say."""

    taken_at: int | None
    returned_at: int | None


def told_at(session: Session, bank: str, locker: int) -> list[Told]:
    """Everything in the order in which the gateway stored it."""
    owners: dict[str, list[tuple[str, int, int | None]]] = {}
    for digest, *facts in session.execute(_BADGES):
        owners.setdefault(digest, []).append(tuple(facts))
    found = []
    for row in session.execute(_TOLD, {"bank": bank, "locker": locker}):
        body = _body.decode(row.line)["body"]
        people = frozenset(
            person
            for person, since, until in owners.get(body.get("digest") or "", ())
            if since <= row.at and (until is None or until > row.at)
        )
        opens = row.kind == "release_intended"
        found.append(Told(row.id, row.at, row.seq, row.kind, body.get("release", ""), people if opens else None))
    return found


def read(lent: Lent, told: Sequence[Told]) -> tuple[Reading, list[str]]:
    """Goes through what was told and done, in order; and what was answered otherwise than it should have been."""
    reader = _Reader(lent)
    mine = [one for one in told if one.people is None or lent.member.person in one.people] if lent.holds else []
    for _, _, what in sorted(
        [(one.id, 0, one) for one in mine] + [(act.seen, 1, act) for act in lent.acts], key=_order
    ):
        if isinstance(what, Done):
            reader.did(what)
        else:
            reader.hear(what)
    return Reading(reader.taken_at, reader.returned_at), reader.wrong


def _order(one: tuple[int, int, object]) -> tuple[int, int]:
    return one[:2]


class _Reader:
    def __init__(self, lent: Lent) -> None:
        self.taken_at: int | None = None
        self.returned_at: int | None = None
        self.wrong: list[str] = []
        self._lent = lent
        self._from_at, self._due_at = lent.planned_from, lent.planned_due
        self._by_hand: int | None = None
        self._over_at: int | None = None
        self._is_seen = False
        self._taps: dict[str, tuple[int, int]] = {}
        self._outcomes: dict[str, set[str]] = {}

    def hear(self, told: Told) -> None:
        """A release counts from the loan's beginning until it is over, a first one only until the days of grace are.

        Unless nothing opened: a stiff door may still open after that was told, or before its board fails to answer.
        """
        if told.kind == "release_intended":
            if not self._concerns(told.at):
                return
            self._taps[told.release] = told.at, told.seq
        else:
            self._outcomes.setdefault(told.release, set()).add(told.kind)
        if told.release in self._taps and not self._is_seen:
            self._read()

    def _counts(self, release: str) -> bool:
        outcomes = self._outcomes.get(release)
        return not outcomes or "door_opened" in outcomes

    def _concerns(self, at: int) -> bool:
        if self._over_at is not None:
            return self._from_at <= at < self._over_at
        until = midnight(days_on(day_of(self._due_at), GRACE_DAYS + 1))
        return at >= self._from_at and (self.taken_at is not None or at < until)

    def did(self, act: Done) -> None:
        """What the desk did; what it was refused, it had to be."""
        if act.what == "take_back" and (act.outcome == "not_taken") != (self.taken_at is None):
            self.wrong.append(f"{self._lent.id} was taken at {self.taken_at}, and taking it back was {act.outcome}")
        if act.outcome != DONE:
            return
        if act.what == "hand_over" and self.taken_at is None:
            self.taken_at = self._by_hand = act.at
            self._from_at = min(self._from_at, act.at)
        elif act.what == "extend_loan":
            self._due_at = act.due_at
        elif act.what == "cancel_loan":
            self._over_at = act.at
        elif act.what == "take_back" and act.at == self._lent.checked_at:
            self.returned_at = self.returned_at or act.at
            self._over_at, self._is_seen = act.at, True

    def _read(self) -> None:
        """The first visit took, the last one brought back; taps within a quarter of an hour are one visit."""
        taps = sorted(tap for release, tap in self._taps.items() if self._counts(release))
        visits = taps[:1] + [after for before, after in pairwise(taps) if after[0] - before[0] > _VISIT_MS]
        if self._by_hand is None:
            self.taken_at = visits.pop(0)[0] if visits else None
        else:
            visits = [visit for visit in visits if visit[0] - self._by_hand > _VISIT_MS]
        self.returned_at = visits[-1][0] if visits else None


def readings(session: Session, records: Records) -> tuple[dict[str, Reading], list[str]]:
    """Of every loan that the gateway must know; and what was answered wrongly."""
    told = [one for box in records.lending for one in told_at(session, box.bank, box.number)]
    found, wrong = {}, []
    for lent in records.lent.values():
        if not lent.lost:
            found[lent.id], answers = read(lent, told)
            wrong += answers
    return found, wrong


class LoanJudge:
    """Asked now and then, and at the end."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._records = office.records

    def judge(self) -> None:
        """Every loan, and every tool; not while the database is away."""
        if not self._records.lent:
            return
        try:
            with self._office.gateway.reading() as session:
                self._loans(session)
                self._tools(session)
        except DBAPIError:
            return

    def _loans(self, session: Session) -> None:
        known, wrong = readings(session, self._records)
        for answer in wrong:
            self._say(answer)
        for row in session.execute(_LOANS):
            lent, reading = self._records.lent.get(row.id), known.pop(row.id, None)
            if lent is None or reading is None:
                self._say(f"loan {row.id} is there, and nobody lent anything")
                continue
            done = (
                lent.from_at, lent.due_at, lent.extensions, *reading, lent.checked_at, lent.cancelled_at,
            )  # fmt: skip
            if tuple(row)[1:] != done:
                self._say(f"loan {row.id} is {tuple(row)[1:]}, done was {done}")
        if known:
            self._say(f"loans {sorted(known)} are gone")

    def _tools(self, session: Session) -> None:
        """Each is promised to one at a time, and out with one at a time."""
        promises: dict[str, list[tuple[int, int, str]]] = {}
        out: dict[str, str] = {}
        for row in session.execute(_ITEMS):
            lent = self._records.lent.get(row.loan_id)
            if lent is not None and lent.tools.get(row.tool_id, "") != row.condition:
                self._say(f"{row.tool_id} of loan {row.loan_id} was seen {row.condition}, not {lent.tools}")
            if row.from_at < row.until_at:
                promises.setdefault(row.tool_id, []).append((row.from_at, row.until_at, row.loan_id))
            if row.taken_at is not None and row.returned_at is None:
                if row.tool_id in out:
                    self._say(f"{row.tool_id} is out with {out[row.tool_id]} and with {row.loan_id}")
                out[row.tool_id] = row.loan_id
        for tool, spans in promises.items():
            for before, after in pairwise(sorted(spans)):
                if before[1] > after[0]:
                    self._say(f"{tool} is promised to {before[2]} and to {after[2]} at once")

    def _say(self, found: str) -> None:
        self._office.violated("loans", found)
