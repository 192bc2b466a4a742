"""However entries are cut into batches, the chain is the same; schedules are judged alike minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests import wire_samples
from wire.chain import GENESIS, link_all
from wire.entries import BatchHeader, decode_batch, decode_entry, encode_batch, encode_entry
from wire.hours import WeeklySchedule, is_open
from wire.ids import uuid7
from wire.limits import MAX_INSTANT, MAX_INTEGER, MIN_INSTANT

CODES = st.text(max_size=20)
PLAIN = st.none() | st.booleans() | st.integers(0, MAX_INTEGER) | CODES
BODIES = st.dictionaries(
    CODES, PLAIN | st.lists(PLAIN | st.dictionaries(CODES, PLAIN, max_size=3), max_size=4), max_size=6
)


@given(bodies=st.lists(BODIES, min_size=1, max_size=40), cuts=st.sets(st.integers(1, 39)))
def test_any_split_into_batches_gives_the_same_chain(bodies: list[dict[str, object]], cuts: set[int]) -> None:
    lines = [encode_entry(wire_samples.entry(seq, "self_test", body)) for seq, body in enumerate(bodies, 1)]
    edges = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    reached = GENESIS
    for first, end in pairwise(edges):
        header = BatchHeader(wire_samples.CONTROLLER, wire_samples.EPOCH, first + 1, reached.hex())
        batch = decode_batch(encode_batch(header, lines[first:end]))
        assert bytes.fromhex(batch.header.prev) == reached
        assert [decode_entry(line).seq for line in batch.lines] == list(range(first + 1, end + 1))
        reached = link_all(reached, batch.lines)
    assert reached == link_all(GENESIS, lines)


@given(body=BODIES)
def test_any_body_within_the_limits_comes_back_the_same(body: dict[str, object]) -> None:
    entry = wire_samples.entry(1, "self_test", body)
    assert decode_entry(encode_entry(entry)) == entry


def _naive_is_open(schedule: WeeklySchedule, zone: ZoneInfo, instant: int) -> bool:
    """The same judgement by other means: seconds of the local day, from the UTC offset."""
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    offset = utc.astimezone(zone).utcoffset()
    assert offset is not None
    local = utc.replace(tzinfo=None) + offset
    seconds = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    return any(start * 60 <= seconds < end * 60 for start, end in schedule.days[local.weekday()])


SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])
SCHEDULES = st.tuples(*[st.lists(SPANS, max_size=3).map(tuple)] * 7).map(lambda days: WeeklySchedule(days=days))


@given(
    schedule=SCHEDULES,
    zone=st.sampled_from(
        ["Europe/Paris", "Europe/Lisbon", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
    instant=st.integers(MIN_INSTANT, MAX_INSTANT),
)
def test_a_schedule_is_judged_by_the_wall_clock_at_every_instant(
    schedule: WeeklySchedule, zone: str, instant: int
) -> None:
    assert is_open(schedule, ZoneInfo(zone), instant) is _naive_is_open(schedule, ZoneInfo(zone), instant)


@given(first=st.integers(0, 2**48 - 1), second=st.integers(0, 2**48 - 1))
def test_ids_sort_as_their_milliseconds(first: int, second: int) -> None:
    if first != second:
        assert (uuid7(first) < uuid7(second)) is (first < second)
