"""What a tool locker's door says: releases by a member's badge become taken and returned, whatever comes when."""

import itertools
from datetime import date

import pytest
from sqlalchemy import select

from gateway.access import lists
from gateway.access.service import register_badge
from gateway.badges.models import Badge
from gateway.badges.service import revoke
from gateway.errors import ConflictError
from gateway.events.models import Event
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.loans import movements, service
from gateway.loans.codes import MovementKind, MovementState
from gateway.loans.models import Loan
from gateway.loans.states import LoanState
from gateway.staff.service import add_staff
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.loans.library import LOCKER, Library, at
from tests.unit.gateway.town import NOON
from wire.access_list import AccessList
from wire.entries import EntryType

_releases = itertools.count(1)


def released(journal: Journal, when: int, badge: Badge, locker: int = LOCKER) -> str:
    release = f"r{next(_releases)}"
    journal.write(EntryType.RELEASE_INTENDED, when, release=release, locker=locker, digest=badge.digest, attempt=1)
    return release


def by_badge(library: Library, loan: Loan) -> list[tuple[str, str]]:
    return [(one.kind, one.state) for one in library.loan(loan).movements]


def events(library: Library) -> list[tuple[str, int]]:
    with library.town.reading() as session:
        query = select(Event).where(Event.kind.in_(("tools_taken", "tools_returned", "breach"))).order_by(Event.id)
        return [(event.kind, event.at) for event in session.scalars(query)]


def listed(library: Library, now: int = NOON) -> AccessList:
    with library.town.reading() as session:
        return lists.build(session, library.town.bank, version=1, now=now)


def test_the_first_release_takes_and_a_later_one_returns(library: Library) -> None:
    loan = library.plan(0, 1, place=library.place)
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    library.hear(journal)
    seen = library.loan(loan)
    assert (seen.taken_at, seen.taken_by, seen.returned_at) == (at(15, 14), "badge", None)
    assert {item.taken_at for item in seen.items} == {at(15, 14)}
    released(journal, at(18, 3), library.badge)
    library.hear(journal)
    seen = library.loan(loan)
    assert (seen.returned_at, seen.returned_by, seen.checked_at) == (at(18, 3), "badge", None)
    assert library.state(loan, at(18, 4)) is LoanState.TO_CHECK
    # Nobody has decided yet; and opening a tool locker for a loan is no breach.
    assert by_badge(library, loan) == [("taken", "proposed"), ("returned", "proposed")]
    assert events(library) == [("tools_taken", at(15, 14)), ("tools_returned", at(18, 3))]


def test_a_librarian_who_sees_the_tools_confirms_what_the_door_said(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    released(journal, at(18, 3), library.badge)
    library.hear(journal)
    with library.town.writing() as session:
        done = service.take_back(session, loan.id, actor="lea", now=at(18, 10))
        assert (done.returned_at, done.returned_by, done.checked_by) == (at(18, 3), "badge", "lea")
    assert {state for _kind, state in by_badge(library, loan)} == {MovementState.CONFIRMED}


def test_tapping_again_in_the_same_visit_returns_nothing(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    released(journal, at(15, 14, 10), library.badge)
    library.hear(journal)
    assert [kind for kind, _state in by_badge(library, loan)] == [MovementKind.TAKEN, MovementKind.AGAIN]
    assert library.state(loan, at(15, 15)) is LoanState.OUT


def test_a_visit_in_between_is_no_return_once_there_is_a_later_one(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    for day in (15, 16, 18):
        released(journal, at(day, 14), library.badge)
    library.hear(journal)
    assert library.loan(loan).returned_at == at(18, 14)


def test_entries_that_come_twice_or_late_change_nothing_else(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    late, early = Journal().start(), Journal().start()
    released(early, at(15, 14), library.badge)
    released(late, at(18, 3), library.badge)
    for journal in (late, early, late, early):
        library.hear(journal, now=at(19))
    seen = library.loan(loan)
    assert (seen.taken_at, seen.returned_at, len(seen.movements)) == (at(15, 14), at(18, 3), 2)


def test_a_door_that_did_not_open_took_nothing(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    release = released(journal, at(15, 14), library.badge)
    library.hear(journal)
    journal.write(EntryType.NOT_OPENED, at(15, 14) + 3_000, release=release, locker=LOCKER)
    library.hear(journal)
    assert by_badge(library, loan) == [("taken", "not_opened")]
    assert library.loan(loan).taken_at is None
    assert library.loan(loan).items[0].taken_at is None


@pytest.mark.parametrize("together", [True, False])
def test_a_stiff_door_that_opened_after_its_time_took_the_tools_all_the_same(library: Library, together: bool) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    release = released(journal, at(15, 14), library.badge)
    if not together:
        library.hear(journal)
    journal.write(EntryType.NOT_OPENED, at(15, 14) + 2_000, release=release, locker=LOCKER)
    if not together:
        library.hear(journal)
    journal.write(EntryType.DOOR_OPENED, at(15, 14) + 2_050, release=release, locker=LOCKER)
    library.hear(journal)
    assert by_badge(library, loan) == [("taken", "proposed")]
    assert library.loan(loan).taken_at == at(15, 14)


def hear_one(library: Library, journal: Journal, seq: int) -> None:
    with library.town.writing() as session:
        batch = Arrived(library.town.bank, journal.batch(seq, seq))
        take_effect(session, store(session, [batch], now=NOON), now=NOON)


@pytest.mark.parametrize("came", list(itertools.permutations((1, 2, 3))))
def test_a_door_that_opened_after_its_time_took_the_tools_whatever_came_first(
    library: Library, came: tuple[int, ...]
) -> None:
    loan, journal = library.plan(0, place=library.place), Journal()
    release = released(journal, at(15, 14), library.badge)
    journal.write(EntryType.NOT_OPENED, at(15, 14) + 2_000, release=release, locker=LOCKER)
    journal.write(EntryType.DOOR_OPENED, at(15, 14) + 2_050, release=release, locker=LOCKER)
    for seq in came:
        hear_one(library, journal, seq)
    assert by_badge(library, loan) == [("taken", "proposed")]
    assert library.loan(loan).taken_at == at(15, 14)


def test_a_door_that_opened_took_the_tools_though_the_board_then_failed_to_answer(library: Library) -> None:
    loan, journal = library.plan(0, place=library.place), Journal().start()
    release = released(journal, at(15, 14), library.badge)
    journal.write(EntryType.DOOR_OPENED, at(15, 14) + 500, release=release, locker=LOCKER)
    journal.write(EntryType.RELEASE_FAILED, at(15, 14) + 900, release=release, locker=LOCKER, code="no_answer")
    library.hear(journal)
    assert library.loan(loan).taken_at == at(15, 14)


def test_a_door_that_did_not_open_took_nothing_though_that_came_before_its_release(library: Library) -> None:
    loan, journal = library.plan(0, place=library.place), Journal()
    release = released(journal, at(15, 14), library.badge)
    journal.write(EntryType.NOT_OPENED, at(15, 14) + 2_000, release=release, locker=LOCKER)
    for seq in (2, 1):
        hear_one(library, journal, seq)
    assert by_badge(library, loan) == [("taken", "not_opened")]
    assert library.loan(loan).taken_at is None


def test_only_the_member_s_own_badge_and_the_planned_locker_count(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    _other, theirs = library.member_named("Idir")
    journal = Journal().start()
    released(journal, at(15, 14), theirs)
    released(journal, at(15, 14), library.badge, locker=5)
    released(journal, at(15, 11), library.badge)  # before the loan began
    journal.write(EntryType.RELEASE_INTENDED, at(15, 15), release="c", locker=LOCKER, command="x")
    journal.write(EntryType.RELEASE_INTENDED, at(15, 15), release="c", locker="six", digest=7)
    library.hear(journal)
    assert by_badge(library, loan) == []
    assert library.loan(loan).taken_at is None


def test_two_members_at_one_locker_are_told_apart(library: Library) -> None:
    member, theirs = library.member_named("Idir")
    mine = library.plan(0, place=library.place)
    other = library.plan(1, place=library.place, member=member)
    journal = Journal().start()
    released(journal, at(15, 14), theirs)
    library.hear(journal)
    assert library.loan(mine).taken_at is None
    assert library.loan(other).taken_at == at(15, 14)


def test_a_returned_tool_goes_to_the_next_member_who_opens_the_door(library: Library) -> None:
    member, theirs = library.member_named("Idir")
    mine = library.plan(0, place=library.place)
    other = library.plan(0, place=library.place, member=member, from_on=date(2026, 6, 23))
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    released(journal, at(22, 9), library.badge)
    released(journal, at(23, 9), theirs)
    library.hear(journal)
    assert library.loan(mine).items[0].returned_at == at(22, 9)
    assert library.loan(other).items[0].taken_at == at(23, 9)
    # The first return cannot be undone now: the tool is with someone else.
    back = next(one for one in library.loan(mine).movements if one.kind == MovementKind.RETURNED)
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        movements.reject(session, back.id, actor="lea", now=at(24))
    assert caught.value.code == "still_out"
    assert library.loan(mine).returned_at == at(22, 9)


def test_a_door_opened_before_the_last_return_is_told_never_breaks_the_storing(library: Library) -> None:
    member, theirs = library.member_named("Idir")
    mine = library.plan(0, place=library.place)
    other = library.plan(0, place=library.place, member=member, from_on=date(2026, 6, 23))
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    released(journal, at(23, 9), theirs)
    library.hear(journal)
    # The drill is out with the first loan as far as anyone knows: the second is taken without it.
    assert library.loan(other).taken_at == at(23, 9)
    assert library.loan(other).items[0].taken_at is None
    with library.town.writing() as session:
        service.take_back(session, mine.id, actor="lea", now=at(24))
    # It must have been in the locker.
    assert library.loan(other).items[0].taken_at == at(23, 9)


def test_rejecting_a_return_makes_the_loan_run_on(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    released(journal, at(16, 14), library.badge)
    library.hear(journal)
    back = next(one for one in library.loan(loan).movements if one.kind == MovementKind.RETURNED)
    with library.town.writing() as session:
        movements.reject(session, back.id, actor="lea", now=at(17))
    assert library.state(loan, at(17)) is LoanState.OUT
    assert library.loan(loan).items[0].returned_at is None


def test_what_was_handed_over_at_the_desk_comes_back_at_the_door(library: Library) -> None:
    loan = library.taken(0, place=library.place)
    journal = Journal().start()
    released(journal, NOON + 60_000, library.badge)
    released(journal, at(18, 3), library.badge)
    library.hear(journal)
    seen = library.loan(loan)
    assert (seen.taken_by, seen.taken_at, seen.returned_at) == ("lea", NOON, at(18, 3))


def test_the_door_is_right_about_a_loan_cancelled_meanwhile(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    with library.town.writing() as session:
        service.cancel(session, loan.id, actor="lea", now=at(16))
    journal = Journal().start()
    released(journal, at(15, 14), library.badge)
    library.hear(journal, now=at(17))
    assert library.state(loan, at(17)) is LoanState.OUT


def test_tools_that_are_fetched_after_they_were_due_are_out_and_overdue_at_once(library: Library) -> None:
    """The badge opens through the days of grace, whether anything was fetched before or not."""
    loan = library.plan(0, place=library.place)
    assert library.state(loan, at(24)) is LoanState.NOT_TAKEN
    journal = Journal().start()
    released(journal, at(24, 10), library.badge)
    # The librarian had not heard of it.
    with library.town.writing() as session:
        service.cancel(session, loan.id, actor="lea", now=at(24, 12))
    library.hear(journal, now=at(24, 13))
    assert library.state(loan, at(24, 13)) is LoanState.OVERDUE
    assert by_badge(library, loan) == [("taken", "proposed")]
    assert library.loan(loan).items[0].taken_at == at(24, 10)


def test_nothing_is_fetched_once_the_days_of_grace_are_over(library: Library) -> None:
    loan = library.plan(0, place=library.place)
    journal = Journal().start()
    released(journal, at(7, month=7), library.badge)
    library.hear(journal, now=at(8, month=7))
    assert by_badge(library, loan) == []
    assert events(library) == [("breach", at(7, month=7))]


def test_a_tool_that_was_planned_anew_goes_out_with_the_loan_that_is_not_over_its_time(library: Library) -> None:
    old = library.plan(0, place=library.place)
    new = library.plan(0, place=library.place, from_on=date(2026, 6, 23))
    journal = Journal().start()
    released(journal, at(24, 10), library.badge)
    library.hear(journal, now=at(24, 10))
    assert [library.loan(one).items[0].taken_at for one in (old, new)] == [None, at(24, 10)]


def test_the_badge_opens_the_locker_from_the_first_moment_to_the_last_of_grace(library: Library) -> None:
    library.plan(0, place=library.place)
    grants = sorted(listed(library).grants, key=lambda grant: grant.not_before)
    assert [(grant.kind, grant.lockers, grant.not_before, grant.not_after) for grant in grants] == [
        ("holder", (LOCKER,), NOON, at(22, 18)),
        ("collect", (LOCKER,), at(22, 18), at(7, month=7)),
    ]


def test_a_loan_that_is_over_or_a_dead_badge_is_listed_as_revoked(library: Library) -> None:
    loan = library.taken(0, place=library.place)
    with library.town.writing() as session:
        revoke(session, library.badge.id, reason="lost", actor="lea", now=at(16))
    news = library.town.badge(library.person, now=at(16))
    both = listed(library, at(16))
    assert {line.why for line in both.revoked} == {"revoked"}
    assert {grant.digest for grant in both.grants} == {news.digest}
    with library.town.writing() as session:
        service.take_back(session, loan.id, actor="lea", now=at(17))
    over = listed(library, at(17))
    assert not over.grants
    assert {line.why for line in over.revoked if line.digest == news.digest} == {"ended"}


def test_opening_after_the_loan_is_over_is_a_breach(library: Library) -> None:
    loan = library.taken(0, place=library.place)
    with library.town.writing() as session:
        service.take_back(session, loan.id, actor="lea", now=at(17))
    journal = Journal().start()
    released(journal, at(18), library.badge)
    library.hear(journal, now=at(18))
    assert events(library) == [("breach", at(18))]


def test_a_librarian_s_badge_opens_the_tool_lockers_and_no_one_s(library: Library) -> None:
    with library.town.writing() as session:
        for role in ("librarian", "worker"):
            account = add_staff(
                session,
                email=f"{role}@example.org",
                name=role,
                password="correct horse",
                role=role,
                actor="x",
                now=NOON,
            )
            register_badge(
                session, library.town.keystore, site_id=library.town.site_id, number=f"em4100:{len(role):010X}",
                label=role, staff_id=account.id, actor="x", now=NOON,
            )  # fmt: skip
    assert sorted(grant.lockers for grant in listed(library).grants if grant.kind == "staff") == [
        (1, 2, 3, 4, 5, 6),
        (LOCKER,),
    ]
