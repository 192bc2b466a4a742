"""What the gateway knew at a moment, as staff had written it down: theirs again once its database is put back to then.

What is physical stays as it is: who has which badge in their pocket, and whose things are in which locker. So does
every `View` of a contract: banks may still follow what was decided then. What the gateway knows since is one more.
"""

from collections.abc import Iterable, Iterator
from copy import copy, deepcopy
from typing import Any, NamedTuple

from simulator.world.lives.lending import Lent
from simulator.world.lives.pacts import Hold, Pact, Trust
from simulator.world.lives.records import Card, Records, Someone

_AS_THEY_ARE = (
    "starts_on", "ends_on", "from_at", "until_at", "collect_until", "signed_at", "ended_at", "frozen_at", "stopped",
    "collect_days", "how_before",
    "decided_by", "destination", "stability",
)  # fmt: skip
_COPIED = ("parts", "pauses", "notices", "reasons", "decisions")
_OF_PEOPLE = ("worker", "eligible", "away", "was_away", "died", "erased")
_OF_LOANS = ("tools", "from_at", "due_at", "extensions", "checked_at", "cancelled_at", "acts")
_OF_MEMBERS = ("ended_at", "why")
_OF_PROJECTS = ("cost_cents", "surface_dm2", "started_on", "over", "given_up")
_OF_ACCOUNTS = ("closed_at", "closed_after", "successor", "cookie")


class _Known(NamedTuple):
    """What the gateway knows of a badge."""

    given_at: int | None = None
    dead_at: int | None = None
    pins: int = 0
    pins_lost: int = 0

    @classmethod
    def of(cls, card: Card) -> "_Known":
        """Where it was put back before, it may know less than whoever carries it."""
        given_at, dead_at = (None if card.given_lost else card.given_at), (None if card.dead_lost else card.dead_at)
        return cls(given_at, dead_at, len(card.pins), card.pins_lost)


class Memory:
    """Of one moment; it can be put back more than once, and after a later one was."""

    def __init__(self, records: Records) -> None:
        self._pacts = {pact.id: _facts(pact) for pact in records.pacts.values() if not pact.lost}
        self._views = {one.id: len(one.views) for one in _viewed(records)}
        self._trusts = {trust.id: _known_of(trust) for trust in _trusts(records) if not trust.lost}
        self._cards = {card.id: _Known.of(card) for card in records.cards.values()}
        self._people = {one.id: _of(one, _OF_PEOPLE) for one in records.people.values()}
        self._checks = {key: (dict(box.checks), box.used, box.named) for key, box in records.boxes.items()}
        self._heard = records.heard
        self._kept = {
            kept.id: (kept.step, kept.keep_until, deepcopy(kept.lines), kept.box.taken_out)
            for kept in records.kept.values()
        }
        self._acts = (list(records.contacts), list(records.supports), list(records.entries))
        self._changing = [[(thing, copy(thing)) for thing in things] for things in _changing(records)]
        self._lent = {one.id: _of(one, _OF_LOANS) for one in records.lent.values() if not one.lost}
        self._members = {one.id: _of(one, _OF_MEMBERS) for one in records.members if not one.lost}
        self._projects = {one.id: _of(one, _OF_PROJECTS) for one in records.projects if not one.lost}
        self._tools = dict(records.tools)
        self._accounts = {one.id: _of(one, _OF_ACCOUNTS) for one in records.accounts.values() if not one.lost}
        self._workers = {name: list(workers) for name, workers in records.workers.items()}

    def put_back(self, records: Records, at: int) -> None:
        """What was written down since is `lost`; what was changed since is what it was, for others from `at` on."""
        for pact in records.pacts.values():
            _put_back(pact, self._pacts.get(pact.id))
        for kept in list(records.kept.values()):
            if kept.id in self._kept:
                kept.step, kept.keep_until, lines, kept.box.taken_out = self._kept[kept.id]
                kept.lines = deepcopy(lines)
            else:
                kept.box.taken_out = False
                del records.kept[kept.id]
        for someone in records.people.values():
            self._put_back_person(someone)
        for key, (checks, used, named) in self._checks.items():
            box = records.boxes[key]
            box.checks, box.used, box.named = dict(checks), used, named
        records.heard = self._heard
        for present, before in zip((records.contacts, records.supports, records.entries), self._acts, strict=True):
            present[:] = before  # type: ignore[index]
        for things, before_them in zip(_changing(records), self._changing, strict=True):
            things[:] = [_as_it_was(thing, before) for thing, before in before_them]
        self._put_back_library(records)
        self._put_back_accounts(records)
        self._put_back_badges(records)
        for viewed in _viewed(records):
            _undo(viewed, self._views.get(viewed.id, 0), at)

    def _put_back_library(self, records: Records) -> None:
        for lent in records.lent.values():
            _lost_or(lent, self._lent.get(lent.id))
        for member in records.members:
            _lost_or(member, self._members.get(member.id))
        for project in records.projects:
            _lost_or(project, self._projects.get(project.id))
        records.tools.update(self._tools)

    def _put_back_accounts(self, records: Records) -> None:
        for account in records.accounts.values():
            _lost_or(account, self._accounts.get(account.id))
        for name, workers in self._workers.items():
            records.workers[name][:] = workers

    def _put_back_badges(self, records: Records) -> None:
        """Whoever carries them does not know."""
        for trust in _trusts(records):
            trust.lost = trust.id not in self._trusts
            trust.end_lost = trust.ended_at != self._trusts.get(trust.id)
        for card in records.cards.values():
            known = self._cards.get(card.id, _Known())
            card.given_lost = card.given_at != known.given_at
            card.dead_lost = card.dead_at != known.dead_at
            card.pins_lost = len(card.pins) if len(card.pins) > known.pins else known.pins_lost

    def _put_back_person(self, someone: Someone) -> None:
        someone.lost = someone.id not in self._people
        for name, value in self._people.get(someone.id, {}).items():
            setattr(someone, name, value)


def _changing(records: Records) -> tuple[list[Any], ...]:
    """Lists of what is written down once and changed later."""
    return records.steps, records.waiting, records.leaves, records.reviews, records.offers


def _trusts(records: Records) -> Iterator[Trust]:
    return (trust for pact in records.pacts.values() for trust in pact.trusts)


def _known_of(trust: Trust) -> int | None:
    return None if trust.end_lost else trust.ended_at


def _viewed(records: Records) -> list[Pact | Lent]:
    """What gives somebody a way."""
    return [*records.pacts.values(), *records.lent.values()]


def _undo(viewed: Pact | Lent, known: int, at: int) -> None:
    if len(viewed.views) > known:
        viewed.undone += viewed.views[known:]
        viewed.know(at)


def _of(thing: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: copy(getattr(thing, name)) for name in names}


def _lost_or(thing: Any, facts: dict[str, Any] | None) -> None:
    thing.lost = facts is None
    for name, value in (facts or {}).items():
        setattr(thing, name, copy(value))


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
