"""What differs between the list a block follows and the one kept here, in words: one line a badge and locker."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.reconcile import Differences
from gateway.badges.models import Badge
from gateway.people.models import Person
from gateway.staff.models import Staff
from gateway.web import formats, words
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from wire.access_list import Grant, Kind, Revoked


@dataclass(frozen=True)
class Line:
    """One difference: which locker and whose, and until when."""

    what: str
    details: Sequence[str]


@dataclass(frozen=True)
class Group:
    """Differences of one kind."""

    title: str
    text: str
    icon: str
    lines: Sequence[Line]


def compared(visit: Visit, session: Session, found: Differences, zone: ZoneInfo) -> list[Group]:
    """Every kind of difference, those that someone could suffer from first."""
    say = _Words(visit, session, zone)
    return [
        Group(
            N_("Only the block has these"),
            N_(
                "They open today, and are not in the list kept here: look whether somebody would lose their "
                "access. A locker of these that nobody has here is not given before somebody has looked into it."
            ),
            "occupied",
            [Line(say.what(grants), [say.until(grants)]) for grants in _together(found.only_bank)],
        ),
        Group(
            N_("Suspended at the block, not known here"),
            N_("The badge would open again. Suspend the contract here first if it is to stay suspended."),
            "pause",
            [Line(say.what(grants), [say.until(grants)]) for grants in _together(found.suspended_at_bank)],
        ),
        Group(
            N_("Ended at the block, goes on here"),
            N_("The badge would open again. End this here first if it is to stay ended."),
            "end",
            [Line(say.what(grants), [say.until(grants)]) for grants in _together(found.ended_at_bank)],
        ),
        Group(
            N_("Different dates or lockers"),
            N_("What is kept here holds once our list is sent."),
            "move",
            [say.change(pairs) for pairs in _changes(found.changed)],
        ),
        Group(
            N_("Only this gateway has these"),
            N_("The block does not know them yet: they open once our list is sent."),
            "handover",
            [Line(say.what(grants), [say.until(grants)]) for grants in _together(found.only_gateway)],
        ),
        Group(
            N_("Blocked at the block, not known here"),
            N_("They stay blocked, whatever is decided."),
            "block_badge",
            say.revoked(found.revoked_at_bank),
        ),
    ]


def _together(grants: Iterable[Grant]) -> list[list[Grant]]:
    """A badge's grants for the same lockers, such as to open and then to collect, are one line."""
    found: dict[tuple[str, tuple[int, ...]], list[Grant]] = defaultdict(list)
    for grant in grants:
        found[grant.digest, grant.lockers].append(grant)
    return sorted(found.values(), key=lambda grants: grants[0].lockers)


def _changes(pairs: Iterable[tuple[Grant, Grant]]) -> list[list[tuple[Grant, Grant]]]:
    found: dict[tuple[str, tuple[int, ...]], list[tuple[Grant, Grant]]] = defaultdict(list)
    for theirs, ours in pairs:
        found[ours.digest, ours.lockers].append((theirs, ours))
    return sorted(found.values(), key=lambda pairs: pairs[0][1].lockers)


@dataclass(frozen=True)
class _Words:
    visit: Visit
    session: Session
    zone: ZoneInfo

    def what(self, grants: Sequence[Grant]) -> str:
        """Whose badge it is, and which locker it opens; a staff badge opens them all."""
        who = self._who(grants[0].digest)
        if grants[0].kind in (Kind.STAFF, Kind.TECHNICIAN):
            return self.visit.say(N_("Staff badge: %(who)s"), who=who)
        numbers = ", ".join(str(number) for number in grants[0].lockers)
        return self.visit.say(N_("Locker %(numbers)s: %(who)s"), numbers=numbers, who=who)

    def until(self, grants: Sequence[Grant]) -> str:
        """The last day, and the last day to collect where that is later."""
        ends = {grant.kind == Kind.COLLECT: formats.day(grant.not_after - 1, self.zone, self.visit.language)
                for grant in sorted(grants, key=lambda grant: grant.not_after)}  # fmt: skip
        if False not in ends:
            return self.visit.say(N_("time to collect until %(day)s"), day=ends[True])
        if True not in ends or ends[True] == ends[False]:
            return self.visit.say(N_("until %(day)s"), day=ends[False])
        return self.visit.say(
            N_("until %(day)s, then time to collect until %(collect)s"), day=ends[False], collect=ends[True]
        )

    def change(self, pairs: Sequence[tuple[Grant, Grant]]) -> Line:
        """What the block follows, and what is kept here."""
        theirs, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        details = [
            self.visit.say(N_("at the block: %(what)s"), what=self._with_numbers(theirs, ours)),
            self.visit.say(N_("kept here: %(what)s"), what=self.until(ours)),
        ]
        return Line(self.what(ours), details)

    def revoked(self, lines: Iterable[Revoked]) -> list[Line]:
        """One line a badge."""
        reasons = {line.digest: line.why for line in lines}
        return [
            Line(self._who(digest), [self.visit.say(words.REVOKED_WHY.get(why, why))])
            for digest, why in reasons.items()
        ]

    def _with_numbers(self, theirs: Sequence[Grant], ours: Sequence[Grant]) -> str:
        if theirs[0].lockers == ours[0].lockers:
            return self.until(theirs)
        return f"{self.what(theirs)}, {self.until(theirs)}"

    def _who(self, digest: str) -> str:
        """The name of one's own people and colleagues only; a colleague without an organisation is everyone's."""
        owner = self.session.execute(
            select(Person.name, Person.organisation_id, Staff.name, Staff.organisation_id)
            .select_from(Badge)
            .outerjoin(Person, Person.id == Badge.person_id)
            .outerjoin(Staff, Staff.id == Badge.staff_id)
            .where(Badge.digest == digest)
            .order_by(Badge.registered_at.desc())
            .limit(1)
        ).first()
        person, persons, staff, staffs = owner or (None, None, None, None)
        name = person or staff
        if not name:
            return self.visit.say(N_("badge not known here"))
        mine, theirs = self.visit.organisation_id, persons or staffs
        if mine is not None and theirs not in (None, mine):
            return self.visit.say(N_("someone of another organisation"))
        return str(name)
