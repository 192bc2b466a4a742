"""Nothing in care can lock a door by itself: whatever is written here, and however long nobody comes."""

import ast
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

import gateway.care
from gateway.access import lists
from gateway.access.changes import AccessChanged
from gateway.care import codes as c
from gateway.care import contacts, eligibility, looking_after, offers, partners, progress, reviews, support, waiting
from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.people.models import Person
from gateway.schemes.service import scheme_named
from gateway.staff.models import Staff
from tests.unit.gateway.care.conftest import AddWorker
from tests.unit.gateway.town import DAY, NOON, Town

CARE = Path(gateway.care.__file__).parent
# What decides at a door is made by these; care may read their tables and states, and call none of their services.
DECIDING = ("gateway.access", "gateway.contracts", "gateway.badges", "gateway.lockers", "gateway.link", "wire")
READ_ONLY = (
    "gateway.contracts.models.",
    "gateway.lockers.models.",
    "gateway.lockers.free.free_lockers",
    "gateway.lockers.service.locker_of",
    "wire.limits.",
)
LATE = NOON + 60 * DAY

Act = Callable[[Session, "Scene"], object]


class Scene:
    """Ids of what there is to act upon."""

    def __init__(self, town: Town, person: Person, staff: Staff) -> None:
        self.town, self.person, self.staff = town, person.id, staff.id
        self.contact = self.step = self.wish = self.support = self.partner = self.referral = self.scheme = ""
        self.entry = self.offer = self.other_entry = self.waits = self.colleague = ""


BY: dict[str, Any] = {"actor": "test", "now": LATE}
ACTS: dict[str, Act] = {
    "contacts.log_contact": lambda s, x: contacts.log_contact(s, x.person, kind=c.ContactKind.LOOKED_FOR, **BY),
    "contacts.withdraw_contact": lambda s, x: contacts.withdraw_contact(s, x.contact, **BY),
    "looking_after.name_worker": lambda s, x: looking_after.name_worker(s, x.waits, x.staff, **BY),
    "looking_after.hand_on": lambda s, x: looking_after.hand_on(s, x.staff, to=x.colleague, **BY),
    "looking_after.set_cadence": lambda s, x: looking_after.set_cadence(s, x.person, 1, **BY),
    "looking_after.follow_scheme": lambda s, x: looking_after.follow_scheme(s, x.person, **BY),
    "progress.agree_step": lambda s, x: progress.agree_step(s, x.person, topic=c.Topic.HOUSING, **BY),
    "progress.close_step": lambda s, x: progress.close_step(s, x.step, c.StepResult.DROPPED, **BY),
    "progress.note_wish": lambda s, x: progress.note_wish(
        s, x.person, kind=c.WishKind.REFUSAL, topic=c.Topic.HOUSING, **BY
    ),
    "progress.end_wish": lambda s, x: progress.end_wish(s, x.wish, **BY),
    "support.record_support": lambda s, x: support.record_support(s, x.person, c.SupportKind.FOOD, **BY),
    "support.withdraw_support": lambda s, x: support.withdraw_support(s, x.support, **BY),
    "support.take_snapshot": lambda s, x: support.take_snapshot(s, x.person, c.Moment.EXIT, {"work": "none"}, **BY),
    "reviews.ask": lambda s, x: reviews.ask(s, x.person, **BY),
    "reviews.decide": lambda s, x: [reviews.decide(s, x.person, decision, **BY) for decision in c.ReviewDecision],
    "partners.add_partner": lambda s, x: partners.add_partner(
        s, organisation_id=x.town.organisation_id, name="Another", kind=c.PartnerKind.HEALTH, **BY
    ),
    "partners.close_partner": lambda s, x: partners.close_partner(s, x.partner, **BY),
    "partners.refer": lambda s, x: partners.refer(s, x.person, x.partner, c.Direction.TO_PARTNER, **BY),
    "partners.close_referral": lambda s, x: partners.close_referral(s, x.referral, c.ReferralResult.REFUSED, **BY),
    "waiting.add_to_list": lambda s, x: (
        waiting.close_entry(s, x.other_entry, c.LeftWhy.NOT_WANTED, **BY)
        and waiting.add_to_list(s, x.person, waiting.Wait(x.scheme, c.Source.PARTNER), **BY)
    ),
    "waiting.close_entry": lambda s, x: waiting.close_entry(s, x.other_entry, c.LeftWhy.NOT_ELIGIBLE, **BY),
    "waiting.close_erased": lambda s, x: (
        s.execute(update(Person).where(Person.id == x.waits).values(erased_at=LATE)) and waiting.close_erased(s, **BY)
    ),
    "waiting.place": lambda s, x: waiting.place(
        s, x.other_entry, s.scalars(select(Contract.id).where(Contract.person_id == x.person)).one(), **BY
    ),
    "offers.make_offer": lambda s, x: offers.make_offer(s, x.other_entry, locker=(x.town.bank, 5), **BY),
    "offers.record_attempt": lambda s, x: offers.record_attempt(
        s, x.offer, kind=c.ContactKind.PHONED, result=c.AttemptResult.NOT_REACHED, **BY
    ),
    "offers.close_offer": lambda s, x: offers.close_offer(s, x.offer, c.OfferOutcome.WITHDRAWN, **BY),
    "eligibility.decide": lambda s, x: eligibility.decide(s, x.person, x.scheme, {}, eligible=False, **BY),
}


def modules() -> Iterator[str]:
    return (f"gateway.care.{found.name}" for found in pkgutil.iter_modules([str(CARE)]))


def doing() -> set[str]:
    """Every function of care that changes something: it says who does it."""
    return {
        f"{name.removeprefix('gateway.care.')}.{function}"
        for name in modules()
        for function, value in inspect.getmembers(import_module(name), inspect.isfunction)
        if value.__module__ == name
        and not function.startswith("_")
        and {"session", "actor"} <= inspect.signature(value).parameters.keys()
    }


def test_every_function_that_changes_something_is_tried_here() -> None:
    assert doing() == set(ACTS)


@pytest.fixture
def scene(town: Town, nadia: Person, ines: Staff, add_worker: AddWorker) -> Scene:
    made = Scene(town, nadia, ines)
    made.colleague = add_worker("Rui").id
    town.badge(nadia)
    waits = town.person("Waits")
    with town.writing() as session:
        scheme = scheme_named(session, town.organisation_id, "Another", now=NOON)
        now = {"actor": "test", "now": NOON}
        made.scheme, made.waits = scheme.id, waits.id
        looking_after.set_cadence(session, nadia.id, 3, **now)
        made.contact = contacts.log_contact(session, nadia.id, kind=c.ContactKind.MET, **now).id
        made.step = progress.agree_step(session, nadia.id, topic=c.Topic.WORK, **now).id
        made.wish = progress.note_wish(session, nadia.id, kind=c.WishKind.WISH, topic=c.Topic.WORK, **now).id
        made.support = support.record_support(session, nadia.id, c.SupportKind.FOOD, **now).id
        made.partner = partners.add_partner(
            session, organisation_id=town.organisation_id, name="One", kind=c.PartnerKind.OUTREACH, **now
        ).id
        made.referral = partners.refer(session, nadia.id, made.partner, c.Direction.FROM_PARTNER, **now).id
        made.other_entry = waiting.add_to_list(
            session, nadia.id, waiting.Wait(scheme.id, c.Source.OUTREACH_ROUND), **now
        ).id
        made.entry = waiting.add_to_list(session, waits.id, waiting.Wait(scheme.id, c.Source.UNKNOWN), **now).id
        made.offer = offers.make_offer(session, made.entry, locker=(town.bank, 4), **now).id
    return made


def access_list(session: Session, town: Town, now: int) -> bytes:
    return msgspec.json.encode(lists.build(session, town.bank, version=1, now=now))


class _UndoneError(Exception):
    """Ends a unit of work without a trace."""


def test_nothing_that_is_written_down_changes_what_a_badge_opens(scene: Scene) -> None:
    with scene.town.reading() as session:
        before = access_list(session, scene.town, LATE)
    for name in sorted(ACTS):
        changed, news, after = _tried(scene, ACTS[name])
        assert changed, name
        assert changed <= {"gateway.care.models", "gateway.care.waiting_models"}, name
        assert not [one for one in news if isinstance(one, AccessChanged)], name
        assert after == before, name


def _tried(scene: Scene, act: Act) -> tuple[set[str], list[object], bytes]:
    """The modules of the rows an act changes, what it announces, and the list as it would be; then undone."""
    changed, news, after = set[str](), list[object](), b""

    def watch(session: Session, _context: object, _instances: object) -> None:
        changed.update(type(row).__module__ for row in [*session.new, *session.dirty, *session.deleted])

    with suppress(_UndoneError), scene.town.writing() as session:
        event.listen(session, "before_flush", watch)
        act(session, scene)
        news = session.info.get("news", [])
        after = access_list(session, scene.town, LATE)
        raise _UndoneError
    return changed, news, after


def test_half_a_year_without_any_contact_locks_nothing_until_the_date_on_the_contract(
    town: Town, nadia: Person
) -> None:
    badge = town.badge(nadia)
    with town.reading() as session:
        first = lists.build(session, town.bank, version=1, now=NOON)
        later = lists.build(session, town.bank, version=1, now=NOON + 190 * DAY)
        assert first.grants == later.grants
        assert {grant.kind for grant in later.grants if grant.digest == badge.digest} == {"holder", "collect"}
        contract = session.scalars(select(Contract).where(Contract.person_id == nadia.id)).one()
        assert state_at(contract, NOON + 190 * DAY) is State.ACTIVE
        assert contract.ends_on == date(2026, 12, 31)


def imports(path: Path) -> set[str]:
    """Every name a file imports, with its module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(CARE.glob("*.py")), ids=lambda path: path.name)
def test_care_calls_no_service_that_decides_at_a_door(path: Path) -> None:
    assert [name for name in imports(path) if name.startswith(DECIDING) and not name.startswith(READ_ONLY)] == []


def test_what_decides_at_a_door_never_even_loads_care() -> None:
    program = (
        "import sys, gateway.access.lists, gateway.access.commands, gateway.badges.service\n"
        "import gateway.contracts.holdings, gateway.contracts.decisions\n"
        "sys.exit([name for name in sys.modules if name.startswith('gateway.care')] != [])"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=CARE.parents[1], check=False, timeout=60).returncode == 0


def test_care_is_asked_before_someone_comes_onto_a_contract_and_never_again() -> None:
    asked = set()
    for path in (CARE.parent / "contracts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "entry.require_entry" in ast.unparse(node):
                asked.add(f"{path.stem}.{node.name}")
    assert asked == {"service.assign", "service.sign", "parties.join"}
