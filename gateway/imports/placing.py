"""Gives each contract a locker, so that none is held twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.imports.records import Lockers, Past, Problem

FOR_EVER = date.max


@dataclass
class Placed:
    """A contract with its locker; `held_until` is the first day on which the locker is free again."""

    contract: Past
    number: int
    held_until: date


@dataclass
class _Door:
    number: int
    since: date
    last: Placed | None = None

    def free_on(self, day: date) -> bool:
        return self.since <= day and (self.last is None or self.last.held_until <= day)

    def given_up_before(self, day: date) -> bool:
        """Only the time to collect is in the way, and the next contract shows that the locker was empty."""
        ends_on = self.last.contract.ends_on if self.last is not None else None
        return self.since <= day and ends_on is not None and ends_on < day


def place(lockers: Sequence[Lockers], contracts: Sequence[Past], grace_days: int) -> tuple[list[Placed], list[Problem]]:
    """Lowest numbers first, in the order of beginning; a locker named in the file is kept to.

    The time to collect is kept free where possible and cut short where the file shows someone else in the locker.
    """
    doors: list[_Door] = []
    for row in lockers:
        doors += [_Door(len(doors) + number, row.in_service) for number in range(1, row.count + 1)]
    placed: list[Placed] = []
    problems: list[Problem] = []
    for contract in sorted(contracts, key=lambda one: one.starts_on):
        door = _door_for(doors, contract)
        if door is None:
            problems.append(_nothing_free(doors, contract))
            continue
        if door.last is not None:
            door.last.held_until = min(door.last.held_until, contract.starts_on)
        door.last = Placed(contract, door.number, _held_until(contract, grace_days))
        placed.append(door.last)
    return placed, problems


def _door_for(doors: Sequence[_Door], contract: Past) -> _Door | None:
    fitting = [door for door in doors if contract.locker in (None, door.number)]
    free = next((door for door in fitting if door.free_on(contract.starts_on)), None)
    if free is not None:
        return free
    given_up = [door for door in fitting if door.given_up_before(contract.starts_on)]
    return min(given_up, key=lambda door: door.last.held_until if door.last else FOR_EVER, default=None)


def _held_until(contract: Past, grace_days: int) -> date:
    if contract.ends_on is None:
        return FOR_EVER
    return contract.ends_on + timedelta(days=1 if contract.collected else 1 + grace_days)


def _nothing_free(doors: Sequence[_Door], contract: Past) -> Problem:
    day = contract.starts_on
    if contract.locker is not None and contract.locker > len(doors):
        return Problem(contract.place, "locker", f"there is no locker {contract.locker}: the file has {len(doors)}")
    if contract.locker is not None:
        return Problem(contract.place, "locker", f"locker {contract.locker} is not free from {day} on")
    in_service = sum(1 for door in doors if door.since <= day)
    return Problem(contract.place, "start", f"no locker is free from {day} on: {in_service} in service, all held")
