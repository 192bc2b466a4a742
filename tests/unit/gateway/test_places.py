"""Who owns and runs a bank, for whom its lockers are kept, works, and giving a bank up."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.access import lists
from gateway.contracts import service as contracts
from gateway.custody import readiness
from gateway.custody import service as custody
from gateway.custody.codes import Check
from gateway.custody.left import to_be_emptied
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers import service as lockers
from gateway.lockers.allotments import allot, allotment_at, allotments_of, take_back
from gateway.lockers.free import free_lockers
from gateway.lockers.models import Allotment, BankRole, Organisation
from gateway.lockers.placement import require_room
from gateway.lockers.roles import Role, give_role, has_role, roles_at, take_role
from gateway.lockers.winding_down import keep, to_move, wind_down
from gateway.lockers.works import Reason, end_works, plan_works, works_ahead
from gateway.reports.service import report_on
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

LAST = date(2026, 12, 31)


def charity(town: Town, name: str = "Secours", role: Role | None = Role.SUPPORT) -> Organisation:
    with town.writing() as session:
        made = lockers.organisation_named(session, name, actor="t", now=NOON)
        if role is not None:
            give_role(session, town.bank, made.id, role, actor="t", now=NOON)
    return made


def allotted(town: Town, number: int, organisation_id: str, until_on: date | None = None, now: int = NOON) -> Allotment:
    with town.writing() as session:
        return allot(session, town.bank, number, organisation_id=organisation_id, until_on=until_on, actor="t", now=now)


def refusal(town: Town, number: int, organisation_id: str, at: int = NOON) -> str | None:
    """Why a contract of one of the organisation's people could not take the locker; None if it could."""
    with town.reading() as session:
        locker = lockers.locker_of(session, town.bank, number)
        try:
            require_room(session, locker, organisation_id=organisation_id, contract_id="new", from_at=at)
        except ConflictError as error:
            return error.code
    return None


def free(town: Town, now: int = NOON, organisation_id: str | None = None) -> list[int]:
    with town.reading() as session:
        return [locker.number for locker in free_lockers(session, now, organisation_id=organisation_id)]


def test_three_bodies_may_own_run_and_use_one_bank(town: Town) -> None:
    owner, runs = charity(town, "City", Role.OWNER), charity(town, "Emmaus", Role.OPERATOR)
    first, second = charity(town, "Secours"), charity(town, "Croix")
    with town.reading() as session:
        found = {(role.organisation_id, role.role) for role in roles_at(session, town.bank)}
    assert found == {(owner.id, "owner"), (runs.id, "operator"), (first.id, "support"), (second.id, "support")}


def test_a_bank_has_one_owner_and_the_database_says_so_too(town: Town) -> None:
    charity(town, "City", Role.OWNER)
    other = charity(town, "Region", None)
    with pytest.raises(ConflictError, match="City") as refused, town.writing() as session:
        give_role(session, town.bank, other.id, Role.OWNER, actor="t", now=NOON)
    assert refused.value.code == "role_taken"
    with pytest.raises(DBAPIError), town.writing() as session:
        session.add(BankRole(bank_id=town.bank, organisation_id=other.id, role="owner", since=NOON))


def test_a_role_is_given_once_and_taken_back(town: Town) -> None:
    made = charity(town)
    charity(town)
    with town.writing() as session:
        bank = lockers.bank_of(session, town.bank)
        assert has_role(session, bank, made.id)
        assert not has_role(session, bank, made.id, Role.OPERATOR)
        take_role(session, town.bank, made.id, Role.SUPPORT, actor="t", now=NOON)
        take_role(session, town.bank, made.id, Role.SUPPORT, actor="t", now=NOON)
        assert not has_role(session, bank, made.id)


def test_a_charity_with_allotted_lockers_keeps_its_last_role(town: Town) -> None:
    made = charity(town)
    allotted(town, 3, made.id)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        take_role(session, town.bank, made.id, Role.SUPPORT, actor="t", now=NOON)
    assert refused.value.code == "allotted"


def test_an_allotted_locker_is_for_that_charity_s_people_alone(town: Town) -> None:
    made = charity(town)
    kept = allotted(town, 3, made.id)
    assert refusal(town, 3, made.id) is None
    assert refusal(town, 3, town.organisation_id) == "allotted"
    assert refusal(town, 4, town.organisation_id) is None
    assert free(town, organisation_id=town.organisation_id) == [1, 2, 4, 5, 6]
    assert free(town, organisation_id=made.id) == [1, 2, 3, 4, 5, 6]
    with town.writing() as session:
        take_back(session, kept.id, bank_id=town.bank, actor="t", now=NOON + 1)
    assert refusal(town, 3, town.organisation_id, NOON + 1) is None


def test_an_allotment_ends_with_its_last_day(town: Town) -> None:
    made = charity(town)
    kept = allotted(town, 3, made.id, until_on=TODAY)
    assert kept.until_at == NOON + 12 * 3_600_000
    with town.reading() as session:
        at_night = allotment_at(session, kept.locker_id, NOON + 12 * 3_600_000 - 1)
        assert at_night is not None
        assert allotment_at(session, kept.locker_id, NOON + 12 * 3_600_000) is None


@pytest.mark.parametrize("until", [None, NOON + DAY])
def test_no_locker_is_kept_for_two_charities_and_the_database_says_so_too(town: Town, until: int | None) -> None:
    first, second = charity(town, "Secours"), charity(town, "Croix")
    kept = allotted(town, 3, first.id)
    with pytest.raises(ConflictError, match="Secours") as refused:
        allotted(town, 3, second.id, until_on=TODAY)
    assert refused.value.code == "allotted"
    with pytest.raises(DBAPIError), town.writing() as session:
        session.add(
            Allotment(
                id=new_id(NOON), locker_id=kept.locker_id, organisation_id=second.id, from_at=NOON + 1, until_at=until
            )
        )


def test_the_database_refuses_to_prolong_an_allotment_into_the_next(town: Town) -> None:
    first, second = charity(town, "Secours"), charity(town, "Croix")
    early = allotted(town, 3, first.id, until_on=TODAY)
    allotted(town, 3, second.id, now=NOON + DAY)
    with pytest.raises(DBAPIError), town.writing() as session:
        session.get_one(Allotment, early.id).until_at = None


def test_allotments_may_follow_each_other(town: Town) -> None:
    first, second = charity(town, "Secours"), charity(town, "Croix")
    allotted(town, 3, first.id, until_on=TODAY)
    allotted(town, 3, second.id, now=NOON + DAY)
    with town.reading() as session:
        shown = [(locker.number, kept.organisation_id) for locker, kept in allotments_of(session, town.bank, NOON)]
    assert shown == [(3, first.id)]


def test_a_locker_is_not_allotted_away_from_someone_who_has_it(town: Town) -> None:
    made = charity(town)
    town.assign(town.person(), number=3)
    with pytest.raises(ConflictError) as refused:
        allotted(town, 3, made.id)
    assert refused.value.code == "held_by_others"


def test_only_an_organisation_with_a_role_is_allotted_lockers(town: Town) -> None:
    with pytest.raises(ConflictError) as refused:
        allotted(town, 3, charity(town, role=None).id)
    assert refused.value.code == "no_role"


def test_works_keep_new_contracts_out_on_their_days_and_shut_no_door(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person, number=3)
    with town.writing() as session:
        made = plan_works(
            session, town.bank, first_on=date(2026, 6, 20), last_on=date(2026, 6, 22), reason=Reason.REPAIR, actor="t",
            now=NOON,
        )  # fmt: skip
        assert (made.from_at, made.until_at) == (NOON + 4 * DAY + DAY // 2, NOON + 7 * DAY + DAY // 2)
    assert refusal(town, 4, town.organisation_id) is None
    assert refusal(town, 4, town.organisation_id, made.from_at) == "works"
    assert refusal(town, 4, town.organisation_id, made.until_at) is None
    assert free(town, made.from_at) == []
    with town.reading() as session:
        grants = lists.build(session, town.bank, version=1, now=made.from_at).grants
        moves = to_move(session, NOON)
    held = {line.kind: line.not_after for line in grants if line.digest == badge.digest}
    assert held["holder"] == contract.until_at
    assert [(move.number, move.why, move.by) for move in moves] == [(3, "works", made.from_at)]


def test_works_on_one_locker_leave_the_others_alone_and_can_be_called_off(town: Town) -> None:
    with town.writing() as session:
        made = plan_works(
            session, town.bank, number=3, first_on=TODAY, last_on=TODAY, reason=Reason.CLEANING, actor="t", now=NOON
        )
    assert (refusal(town, 3, town.organisation_id), refusal(town, 4, town.organisation_id)) == ("works", None)
    assert free(town) == [1, 2, 4, 5, 6]
    with town.writing() as session:
        assert [one.id for one in works_ahead(session, town.bank, NOON)] == [made.id]
        end_works(session, made.id, bank_id=town.bank, actor="t", now=NOON)
        assert works_ahead(session, town.bank, NOON) == []
    assert refusal(town, 3, town.organisation_id) is None


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 6, 20), date(2026, 6, 19)), (date(2026, 6, 1), date(2026, 6, 2))]
)
def test_works_that_end_before_they_begin_or_are_over_are_refused(town: Town, first: date, last: date) -> None:
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        plan_works(session, town.bank, first_on=first, last_on=last, reason=Reason.OTHER, actor="t", now=NOON)
    assert refused.value.code == "dates"


def test_a_bank_that_winds_down_takes_no_one_new_and_says_who_must_move(town: Town) -> None:
    contract = town.assign(town.person(), number=3)
    with town.writing() as session:
        wind_down(session, town.bank, closes_on=date(2026, 6, 30), actor="t", now=NOON)
    assert refusal(town, 4, town.organisation_id) == "winding_down"
    assert free(town) == []
    with town.reading() as session:
        moves = to_move(session, NOON, bank_id=town.bank)
        assert to_move(session, NOON, bank_id="elsewhere") == []
    assert [(move.contract_id, move.number, move.why) for move in moves] == [(contract.id, 3, "winding_down")]
    assert moves[0].by == NOON + 15 * DAY + DAY // 2
    with town.writing() as session:
        keep(session, town.bank, actor="t", now=NOON)
        assert to_move(session, NOON) == []
    assert refusal(town, 4, town.organisation_id) is None


def test_winding_down_changes_no_grant(town: Town) -> None:
    person = town.person()
    town.badge(person)
    town.assign(person, number=3)
    with town.reading() as session:
        before = lists.build(session, town.bank, version=1, now=NOON)
    with town.writing() as session:
        wind_down(session, town.bank, actor="t", now=NOON)
        assert lists.build(session, town.bank, version=1, now=NOON) == before


def test_a_locker_has_its_size_its_litres_and_its_day_of_service(town: Town) -> None:
    with town.writing() as session:
        made = lockers.add_lockers(
            session, town.bank, [7], size="M", litres=1_000, since=NOON - 400 * DAY, actor="t", now=NOON
        )
        assert (made[0].size, made[0].litres, made[0].in_service_since) == ("M", 1_000, NOON - 400 * DAY)
        lockers.measure(session, town.bank, 7, size=None, litres=250, actor="t", now=NOON)
        assert (made[0].size, made[0].litres) == (None, 250)
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        lockers.measure(session, town.bank, 7, size="M", litres=0, actor="t", now=NOON)
    assert refused.value.code == "litres"


def test_a_locker_goes_out_of_service_for_good_only_when_nobody_has_it(town: Town) -> None:
    contract = town.assign(town.person(), number=3)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        lockers.retire_locker(session, town.bank, 3, actor="t", now=NOON)
    assert refused.value.code == "locker_taken"
    with town.writing() as session:
        lockers.retire_locker(session, town.bank, 4, actor="t", now=NOON)
        with pytest.raises(NotFoundError):
            lockers.locker_of(session, town.bank, 4)
        assert contracts.contract_of(session, contract.id).holdings[0].locker.number == 3
    assert free(town) == [1, 2, 5, 6]


def test_the_number_of_a_locker_that_went_out_of_service_for_good_is_not_given_again(town: Town) -> None:
    with town.writing() as session:
        lockers.retire_locker(session, town.bank, 4, actor="t", now=NOON)
        with pytest.raises(ConflictError) as refused:
            lockers.require_new(session, town.bank, range(3, 9))
        lockers.require_new(session, town.bank, (3, 7, 8))
    assert (refused.value.code, refused.value.facts["lockers"]) == ("locker_retired", [4])


OVER = NOON + 40 * DAY


def retired(town: Town, number: int, now: int = OVER) -> str | None:
    """Why it is not taken out of service; None if it is."""
    try:
        with town.writing() as session:
            lockers.retire_locker(session, town.bank, number, actor="t", now=now)
    except ConflictError as error:
        return error.code
    return None


def seen_empty(town: Town, number: int) -> None:
    with town.writing() as session:
        readiness.confirm(session, lockers.locker_of(session, town.bank, number), [Check.EMPTY], actor="t", now=OVER)


def test_a_locker_goes_out_of_service_only_once_it_was_seen_empty(town: Town) -> None:
    town.assign(town.person(), number=3, ends_on=TODAY)
    assert retired(town, 3) == "locker_not_empty"
    with town.reading() as session:
        assert [locker.number for _, locker in to_be_emptied(session, OVER)] == [3]
    seen_empty(town, 3)
    assert retired(town, 3) is None


def test_a_locker_whose_belongings_are_being_taken_out_does_not_go_out_of_service(town: Town) -> None:
    contract = town.assign(town.person(), number=3, ends_on=TODAY)
    with town.writing() as session:
        custody.begin(session, contract.id, actor="t", now=OVER)
    assert retired(town, 3) == "custody_open"


def test_a_locker_that_goes_out_of_service_is_kept_for_nobody_and_counts_for_nobody(town: Town) -> None:
    body = charity(town)
    allotted(town, 3, body.id)
    allotted(town, 4, body.id)
    assert retired(town, 3, NOON + DAY) is None
    with town.reading() as session:
        assert [locker.number for locker, _ in allotments_of(session, town.bank, NOON + DAY)] == [4]
        made = report_on(session, "Secours", starts_on=TODAY, as_of=TODAY + timedelta(days=7))
    assert made.section("lockers").values["lockers_in_service"] == 1
