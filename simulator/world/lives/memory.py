"""What the gateway knew at a moment, as staff had written it down: theirs again once its database is put back to then.

What is physical stays as it is: who has which badge in their pocket, and whose things are in which locker. So does
every `View` of a contract: banks may still follow what was decided then.
"""

from copy import copy, deepcopy
from typing import Any

from simulator.world.lives.pacts import Hold, Pact
from simulator.world.lives.records import Records, Someone

_AS_THEY_ARE = (
    "starts_on", "ends_on", "from_at", "until_at", "collect_until", "signed_at", "ended_at", "frozen_at", "stopped",
    "decided_by", "destination", "stability",
)  # fmt: skip
_COPIED = ("parts", "pauses", "notices", "reasons", "decisions")
_OF_PEOPLE = ("eligible", "away", "died")


class Memory:
    """Of one moment; it can be put back more than once, and after a later one was."""

    def __init__(self, records: Records) -> None:
        self._pacts = {pact.id: _facts(pact) for pact in records.pacts.values() if not pact.lost}
        self._people = {one.id: {name: getattr(one, name) for name in _OF_PEOPLE} for one in records.people.values()}
        self._checks = {key: dict(box.checks) for key, box in records.boxes.items()}
        self._acts = (list(records.contacts), list(records.supports), list(records.entries))
        self._steps = [(step, copy(step)) for step in records.steps]
        self._waiting = [(entry, copy(entry)) for entry in records.waiting]

    def put_back(self, records: Records) -> None:
        """What was written down since is `lost`; what was changed since is what it was."""
        for pact in records.pacts.values():
            _put_back(pact, self._pacts.get(pact.id))
        for someone in records.people.values():
            self._put_back_person(someone)
        for key, checks in self._checks.items():
            records.boxes[key].checks = dict(checks)
        for present, before in zip((records.contacts, records.supports, records.entries), self._acts, strict=True):
            present[:] = before  # type: ignore[index]
        records.steps[:] = [_as_it_was(step, before) for step, before in self._steps]
        records.waiting[:] = [_as_it_was(entry, before) for entry, before in self._waiting]

    def _put_back_person(self, someone: Someone) -> None:
        for name, value in self._people.get(someone.id, {}).items():
            setattr(someone, name, value)


def _facts(pact: Pact) -> dict[str, Any]:
    found = {name: getattr(pact, name) for name in _AS_THEY_ARE}
    found |= {name: deepcopy(getattr(pact, name)) for name in _COPIED}
    return found | {"holds": [(hold, hold.from_at, hold.until_at) for hold in pact.holds]}


def _put_back(pact: Pact, facts: dict[str, Any] | None) -> None:
    pact.lost = facts is None
    for hold in pact.holds:
        hold.lost = True
    if facts is None:
        return
    for name in _AS_THEY_ARE:
        setattr(pact, name, facts[name])
    for name in _COPIED:
        setattr(pact, name, deepcopy(facts[name]))
    pact.holds = [_held(*facts) for facts in facts["holds"]]


def _held(hold: Hold, from_at: int, until_at: int) -> Hold:
    hold.from_at, hold.until_at, hold.lost = from_at, until_at, False
    return hold


def _as_it_was(thing: Any, before: Any) -> Any:
    for name in before.__slots__:
        setattr(thing, name, getattr(before, name))
    return thing
