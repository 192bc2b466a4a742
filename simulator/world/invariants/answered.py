"""Somebody answers for everyone: a worker, or who stands in for them; and only what was done, whole, is on record."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from simulator.world.lives.calendar import day_of
from simulator.world.lives.office import Office

_LOOKED_AFTER = text(
    "SELECT DISTINCT party.person_id, named_worker.staff_id FROM contract "
    "JOIN party ON party.contract_id = contract.id "
    "LEFT JOIN named_worker ON named_worker.person_id = party.person_id AND named_worker.until_at IS NULL "
    "WHERE contract.signed_at IS NOT NULL AND contract.from_at <= :now AND contract.until_at > :now "
    "AND (party.until_at IS NULL OR party.until_at > :now)"
)
_LEAVES = text("SELECT id, staff_id, stand_in_id, from_on, until_on, cancelled_at FROM leave")
_REVIEWS = text("SELECT id, person_id, decision, decided_by, decided_at FROM review")
_OFFERS = text("SELECT id, entry_id, made_by, outcome, closed_by, closed_at FROM offer")
_OPEN = text("SELECT id FROM staff WHERE disabled_at IS NULL")


class AnswerJudge:
    """Asked now and then, and at the end."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._records = office.records

    def judge(self) -> None:
        """Everything on record; not while the database is away."""
        try:
            with self._office.gateway.reading() as session:
                self._leaves(session)
                self._everyone(session)
                self._decided(session)
        except DBAPIError:
            return

    def _everyone(self, session: Session) -> None:
        """Nobody on a contract is without a worker, and none of them is away with nobody in their stead."""
        now = self._office.gateway.now()
        today, there = day_of(now).isoformat(), set(session.scalars(_OPEN))
        away = {
            row.staff_id: row.stand_in_id
            for row in session.execute(_LEAVES)
            if row.cancelled_at is None and row.from_on <= today <= row.until_on
        }
        for person, worker in session.execute(_LOOKED_AFTER, {"now": now}):
            someone = self._records.people.get(person)
            if someone is None or worker != someone.worker:
                self._say(f"{person} is looked after by {worker}, and that was {someone and someone.worker}")
            acting = away.get(worker, worker)
            if acting not in there or acting in away:
                self._say(f"nobody answers for {person}: {worker} is away, and so is {acting}")

    def _leaves(self, session: Session) -> None:
        self._compare(
            "leave", session.execute(_LEAVES),
            {
                one.id: (one.staff, one.stand_in, _text(one.from_on), _text(one.until_on), one.cancelled_at)
                for one in self._records.leaves
            },
        )  # fmt: skip

    def _decided(self, session: Session) -> None:
        self._compare(
            "review", session.execute(_REVIEWS),
            {one.id: (one.person, one.decision, one.decided_by, one.decided_at) for one in self._records.reviews},
        )  # fmt: skip
        self._compare(
            "offer", session.execute(_OFFERS),
            {
                one.id: (one.entry, one.made_by, one.outcome, one.closed_by, one.closed_at)
                for one in self._records.offers
            },
        )  # fmt: skip

    def _compare(self, what: str, rows: Iterable[Any], done: Mapping[str, tuple[Any, ...]]) -> None:
        found = {row[0]: tuple(row)[1:] for row in rows}
        for name in sorted({*found, *done}):
            if found.get(name) != done.get(name):
                self._say(f"{what} {name} is {found.get(name)}, done was {done.get(name)}")

    def _say(self, found: str) -> None:
        self._office.violated("answers", found)


def _text(day: date) -> str:
    return day.isoformat()
