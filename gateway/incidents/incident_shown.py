"""What pages show of incidents, as plain values: lines of a list, months as columns, and what was decided about one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.contracts.states import State
from gateway.days import local_day, midnight
from gateway.incidents import service, words
from gateway.incidents.exclusions import is_over, last_day
from gateway.incidents.models import Exclusion, Incident
from gateway.incidents.visibility import own_people
from gateway.lockers.models import Locker, Site
from gateway.people.models import Person
from gateway.people.pages import running_of
from gateway.staff.service import names_of
from gateway.web.i18n import N_, babel_locale
from gateway.web.visit import Member
from gateway.web.words import Word

MONTHS = 12
OPEN = Word(N_("Open case"), "pending", "task")
CLOSED = Word(N_("Closed case"), "check", "good")


@dataclass(frozen=True)
class Line:
    """One line of the list."""

    url: str
    kind: str
    at: int
    place: str
    state: Word
    outcome: str


@dataclass(frozen=True)
class Month:
    """One column: a letter, the whole name, the number, and its height in per cent of the highest."""

    letter: str
    name: str
    count: int
    share: int


@dataclass(frozen=True)
class ConcernedShown:
    """Someone it concerned; `suspend_urls` lead to where their contracts can be suspended."""

    id: str
    name: str
    part: str
    note: str
    suspend_urls: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AppealShown:
    """One appeal, waiting or decided."""

    id: str
    made_by: str
    at: int
    note: str
    outcome: str
    decision_note: str


@dataclass(frozen=True)
class ExclusionShown:
    """One exclusion as it stands: until its last day, or lifted."""

    id: str
    version: str
    name: str
    from_on: date
    until_on: date
    by: str
    note: str
    is_over: bool
    is_lifted: bool
    warns_elsewhere: bool
    may_uphold: bool
    appeals: Sequence[AppealShown]
    waiting: AppealShown | None


@dataclass(frozen=True)
class ExcludedLine:
    """One line of the list of exclusions."""

    url: str
    name: str
    place: str
    from_on: date
    until_on: date
    is_over: bool
    is_waiting: bool


def line(incident: Incident, sites: Mapping[str, Site]) -> Line:
    """One line of the list."""
    state, outcome = (OPEN, "") if incident.closed_at is None else (CLOSED, words.OUTCOMES[incident.outcome or ""])
    return Line(
        f"/incidents/{incident.id}", words.INCIDENTS[incident.kind], incident.at, sites[incident.site_id].name, state,
        outcome,
    )  # fmt: skip


def by_month(visit: Member, session: Session, site_id: str | None, kind: str | None) -> list[Month]:
    """How many incidents happened in each of the last months, this one included; nothing where none did."""
    today, months = local_day(visit.home, visit.now), []
    for back in range(MONTHS - 1, -1, -1):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        months.append(date(year, month + 1, 1))
    since = midnight(visit.home, months[0])
    found = service.happened_since(session, since, actor=visit.staff.staff_id, site_id=site_id, kind=kind)
    counts = Counter(local_day(visit.home, at).replace(day=1) for at in found)
    most, locale = max(counts.values(), default=0), babel_locale(visit.language)
    return [
        Month(
            format_date(one, "LLLLL", locale=locale), format_date(one, "LLLL y", locale=locale), counts[one],
            round(100 * counts[one] / most),
        )
        for one in months if most
    ]  # fmt: skip


def concerned(visit: Member, session: Session, incident: Incident) -> list[ConcernedShown]:
    """Those whose files are one's own organisation's."""
    own = own_people(session, visit.staff.staff_id, [one.person_id for one in incident.concerned])
    return [
        ConcernedShown(
            one.person_id, session.get_one(Person, one.person_id).name, words.PARTS[one.part], one.note or "",
            _suspend_urls(visit, session, one.person_id),
        )
        for one in incident.concerned if one.person_id in own
    ]  # fmt: skip


def _suspend_urls(visit: Member, session: Session, person_id: str) -> list[tuple[str, str]]:
    held = [
        (f"{one.url}/suspend", one.locker)
        for one in running_of(session, person_id, visit.now)
        if one.state == State.ACTIVE
    ]
    return [(url, locker) for url, locker in held if visit.may_go(url)]


def decided(visit: Member, session: Session, found: Sequence[Exclusion]) -> list[ExclusionShown]:
    """Exclusions with their appeals."""
    names = names_of(session, [one.decided_by for one in found])
    return [
        ExclusionShown(
            id=one.id,
            version=str(one.until_at),
            name=session.get_one(Person, one.person_id).name,
            from_on=one.from_on,
            until_on=max(one.from_on, last_day(one)),
            by=names.get(one.decided_by, one.decided_by),
            note=one.note or "",
            is_over=is_over(one, visit.now),
            is_lifted=one.lifted_at is not None and is_over(one, visit.now),
            warns_elsewhere=one.warns_elsewhere,
            may_uphold=one.decided_by != visit.staff.staff_id,
            appeals=[shown for shown in _appeals(one) if shown.outcome],
            waiting=next((shown for shown in _appeals(one) if not shown.outcome), None),
        )
        for one in found
    ]


def excluded_line(visit: Member, session: Session, one: Exclusion) -> ExcludedLine:
    """One line of the list; `is_waiting`: an appeal is to be decided."""
    return ExcludedLine(
        f"/exclusions/{one.id}", session.get_one(Person, one.person_id).name, one.site.name, one.from_on,
        max(one.from_on, last_day(one)), is_over(one, visit.now),
        any(appeal.decided_at is None for appeal in one.appeals),
    )  # fmt: skip


def _appeals(exclusion: Exclusion) -> list[AppealShown]:
    return [
        AppealShown(
            one.id, words.APPEAL_BY[one.made_by], one.recorded_at, one.note or "",
            words.APPEALS[one.outcome] if one.outcome else "", one.decision_note or "",
        )
        for one in exclusion.appeals
    ]  # fmt: skip


def place_of(session: Session, incident: Incident) -> tuple[str, str, int]:
    """The site's name, and the locker's block and number where it happened at one."""
    site = session.get_one(Site, incident.site_id)
    locker = session.scalar(select(Locker).where(Locker.id == incident.locker_id)) if incident.locker_id else None
    return site.name, locker.bank_id if locker else "", locker.number if locker else 0
