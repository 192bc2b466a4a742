"""decide: every date, kind and reason, offline."""

import pytest
from msgspec.structs import replace

from controller.access import AccessIndex, Denied, Granted, decide
from controller.inputs import Moment
from tests.unit.controller.core.driver import DAY, NOON, digest, grant, make_list, number, revoked
from wire.access_list import AccessList

NOW = Moment(1_000_000, NOON, NOON, NOON, "trusted")


def at(instant: int, clock: str = "trusted") -> Moment:
    return Moment(1_000_000, instant, instant, instant, clock)


def judge(access_list: AccessList, now: Moment = NOW, n: int = 1) -> str:
    """`1,2` for lockers that open, else why not."""
    decision = decide(digest(number(n)), AccessIndex(access_list), now)
    if isinstance(decision, Denied):
        return decision.why
    return ",".join(str(locker) for locker, _ in decision.ways)


def test_holder_opens_own_locker_and_no_other() -> None:
    assert judge(make_list(grant(1, 1), grant(2, 2))) == "1"


def test_stranger_is_unknown() -> None:
    assert judge(make_list(grant(1, 1)), n=9) == "unknown"


def test_badge_ended_yesterday_is_refused() -> None:
    assert judge(make_list(grant(1, 1, not_after=NOON - DAY + 1, not_before=NOON - 2 * DAY))) == "ended"


@pytest.mark.parametrize(("instant", "expected"), [(NOON - 1, "1"), (NOON, "ended")])
def test_grant_ends_to_the_millisecond(instant: int, expected: str) -> None:
    assert judge(make_list(grant(1, 1, not_after=NOON)), at(instant)) == expected


@pytest.mark.parametrize(("instant", "expected"), [(NOON - 1, "not_yet"), (NOON, "1")])
def test_grant_starts_to_the_millisecond(instant: int, expected: str) -> None:
    assert judge(make_list(grant(1, 1, not_before=NOON)), at(instant)) == expected


def test_collect_takes_over_when_the_holder_ends() -> None:
    access_list = make_list(
        grant(1, 1, not_after=NOON), grant(1, 1, "collect", id="g1c", not_before=NOON, not_after=NOON + DAY)
    )
    kinds = []
    for instant in (NOON - 1, NOON):
        decision = decide(digest(number(1)), AccessIndex(access_list), at(instant))
        assert isinstance(decision, Granted)
        kinds.append([way[1].kind for way in decision.ways])
    assert kinds == [["holder"], ["collect"]]
    assert judge(access_list, at(NOON + DAY)) == "ended"


def test_holder_goes_before_collect_for_the_same_locker() -> None:
    access_list = make_list(grant(1, 1, "collect", id="c"), grant(1, 1))
    decision = decide(digest(number(1)), AccessIndex(access_list), NOW)
    assert isinstance(decision, Granted)
    assert [way[1].kind for way in decision.ways] == ["holder"]


def test_suspension_goes_before_holder_and_collect() -> None:
    access_list = make_list(grant(1, 1), grant(1, 1, "collect", id="c"), grant(1, 1, "suspended", id="s"))
    assert judge(access_list) == "suspended"


def test_suspension_of_one_locker_leaves_the_badges_other_locker_open() -> None:
    assert judge(make_list(grant(1, (1, 2)), grant(1, 1, "suspended", id="s"))) == "2"


def test_suspension_ends_at_its_date_and_the_holder_resumes() -> None:
    access_list = make_list(
        grant(1, 1, "suspended", id="s", not_after=NOON), grant(1, 1, not_before=NOON, not_after=NOON + DAY)
    )
    assert [judge(access_list, at(NOON - 1)), judge(access_list, at(NOON))] == ["suspended", "1"]


@pytest.mark.parametrize("kind", ["holder", "collect", "staff"])
def test_grant_with_no_time_in_it_never_opens_however_much_the_time_is_in_doubt(kind: str) -> None:
    """Whom a holder trusted until yesterday has the time to collect of a contract that runs on: none."""
    doubt = Moment(1_000_000, NOON, NOON - DAY, NOON + 90 * DAY, "claimed")
    nothing = grant(1, 1, kind, id="c", not_before=NOON + DAY, not_after=NOON + DAY)
    index = AccessIndex(make_list(grant(1, 1, not_before=NOON - 9 * DAY, not_after=NOON - DAY), nothing))
    assert decide(digest(number(1)), index, doubt) == Denied("ended", "g1")
    assert not index.is_held(1, doubt)


def test_in_doubt_about_the_time_the_holder_wins() -> None:
    doubt = Moment(1_000_000, NOON, NOON - DAY, NOON + DAY, "claimed")
    assert judge(make_list(grant(1, 1, not_after=NOON)), doubt) == "1"
    assert judge(make_list(grant(1, 1, not_before=NOON + 1)), doubt) == "1"
    assert judge(make_list(grant(1, 1, "suspended", id="s", not_after=NOON), grant(1, 1)), doubt) == "1"


SUSPENDED_IN_TWO_WEEKS = (
    grant(1, 1),
    grant(1, 1, "suspended", id="s", not_before=NOON + 14 * DAY, not_after=NOON + 44 * DAY),
)


def test_one_clock_that_is_weeks_ahead_begins_no_suspension_that_is_to_come() -> None:
    here = Moment(1_000_000, NOON + 20 * DAY, NOON + DAY, NOON + 20 * DAY, "claimed")
    assert judge(make_list(*SUSPENDED_IN_TWO_WEEKS), here) == "1"


@pytest.mark.parametrize("clock", ["trusted", "claimed"])
def test_gateway_that_is_weeks_ahead_begins_none_where_another_clock_tells_the_time(clock: str) -> None:
    its_claim = NOON if clock == "trusted" else NOON + 20 * DAY
    denied = Moment(1_000_000, NOON, NOON, its_claim, clock)
    assert judge(make_list(*SUSPENDED_IN_TWO_WEEKS, issued_at=NOON + 20 * DAY), denied) == "1"


@pytest.mark.parametrize(("instant", "expected"), [(NOON + 14 * DAY - 1, "1"), (NOON + 14 * DAY, "suspended")])
def test_suspension_begins_to_the_millisecond(instant: int, expected: str) -> None:
    assert judge(make_list(*SUSPENDED_IN_TWO_WEEKS), at(instant)) == expected


def test_suspension_decided_now_acts_at_once_on_a_bank_whose_floor_lags() -> None:
    lags = Moment(1_000_000, NOON, NOON - 90 * DAY, NOON, "claimed")
    assert judge(make_list(grant(1, 1), grant(1, 1, "suspended", id="s", not_before=NOON)), lags) == "suspended"


def test_what_is_suspended_from_its_first_day_on_never_opens_however_much_the_time_is_in_doubt() -> None:
    """A locker that has to be looked at before somebody else gets it: what is inside is not theirs."""
    here = Moment(1_000_000, NOON + 20 * DAY, NOON + DAY, NOON + 20 * DAY, "claimed")
    theirs = grant(1, 1, not_before=NOON + 5 * DAY)
    waits = grant(1, 1, "suspended", id="w", not_before=NOON + 5 * DAY)
    assert judge(make_list(theirs, waits), here) == "suspended"
    now_theirs = grant(1, 1, id="now", not_after=NOON + 5 * DAY)
    assert judge(make_list(theirs, waits, now_theirs), here) == "1"


@pytest.mark.parametrize("why", ["revoked", "replaced", "ended"])
def test_revoked_badge_is_refused_with_the_reason(why: str) -> None:
    assert judge(make_list(revoked=(revoked(1, why),))) == why


def test_revoked_grant_does_not_count_although_it_stands_in_the_list() -> None:
    assert judge(make_list(grant(1, 1), revoked=(revoked(1),))) == "revoked"


def test_badge_given_out_again_under_another_grant_counts() -> None:
    assert judge(make_list(grant(1, 1, id="new"), revoked=(revoked(1),))) == "1"


@pytest.mark.parametrize(
    "fields", [{"kind": "wizard"}, {"hours": "nights"}, {"key": "k9"}, {"needs": ("fingerprint",)}]
)
def test_disabled_grant_never_counts_and_disables_nothing_else(fields: dict[str, object]) -> None:
    access_list = make_list(grant(1, 1, **fields), grant(2, 2))
    assert judge(access_list) == "unknown"
    assert judge(access_list, n=2) == "2"
    assert AccessIndex(access_list).disabled == 1


# NOON is Friday 2027-01-15 08:00 UTC, 09:00 in Paris.
def test_hours_apply_where_the_clock_is_trusted() -> None:
    access_list = make_list(grant(1, 1, hours="mornings"))
    evening = NOON + 10 * 3_600_000
    assert judge(access_list) == "1"
    assert judge(access_list, at(evening)) == "hours"


@pytest.mark.parametrize("clock", ["claimed", "floor"])
def test_hours_do_not_apply_where_the_clock_is_not_trusted(clock: str) -> None:
    assert judge(make_list(grant(1, 1, hours="mornings")), at(NOON + 10 * 3_600_000, clock)) == "1"


@pytest.mark.parametrize("kind", ["staff", "technician"])
def test_staff_badge_opens_nothing_by_itself(kind: str) -> None:
    assert judge(make_list(grant(1, (1, 2, 3), kind))) == "staff_badge"


def test_staff_grant_dies_with_its_lease_and_a_holders_does_not() -> None:
    access_list = make_list(grant(1, 1, "staff"), grant(2, 2), lease_until=NOON)
    assert judge(access_list) == "lease"
    assert judge(access_list, n=2) == "2"


def test_held_lockers_are_those_with_a_live_grant_of_a_person() -> None:
    index = AccessIndex(
        make_list(
            grant(1, 1),
            grant(2, 2, "collect"),
            grant(3, 3, "suspended"),
            grant(4, 4, "staff"),
            grant(5, 5, not_before=NOON + 1),
        )
    )
    assert [locker for locker in range(1, 7) if index.is_held(locker, NOW)] == [1, 2, 3]


def test_same_digest_in_the_future_and_revoked_says_not_yet() -> None:
    access_list = make_list(grant(1, 1, id="next", not_before=NOON + DAY), revoked=(revoked(1, "ended"),))
    assert judge(access_list) == "not_yet"
    assert judge(access_list, replace(NOW, starting_at=NOON + DAY)) == "1"
