"""Whatever stands on a line, `decode` accounts for every byte of it, and what `frame` makes is sound and allowed."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.errors import FrameError
from hw.frames import monitor
from hw.frames.said import spaced

SERIAL = [device for device in monitor.CODECS if device != "wiegand"]
HEADERS = st.sampled_from([0x02, 0x03, 0x80, 0x8A, 0x90, 0x53, 0x00, 0xFF, 0x01, 0x05, 0x55, 0xD4, 0x0D])
CAPTURES = st.lists(st.one_of(HEADERS, st.integers(0, 255)), min_size=1, max_size=120).map(bytes)


@pytest.mark.parametrize("device", SERIAL)
@given(capture=CAPTURES)
def test_every_byte_is_accounted_for_in_order(device: str, capture: bytes) -> None:
    said = monitor.explain(device, spaced(capture))
    assert " ".join(each.hex for each in said) == spaced(capture)
    assert all(each.error for each in said if each.kind in ("garbage", "refused"))


@given(bits=st.text("01", min_size=1, max_size=80))
def test_every_bit_is_accounted_for(bits: str) -> None:
    said = monitor.explain("wiegand", bits)
    assert "".join(each.hex for each in said).replace(" ", "") == bits


@pytest.mark.parametrize("device", SERIAL)
@given(
    data=st.data(),
    address=st.none() | st.integers(-2, 300),
    channel=st.none() | st.integers(-2, 300),
    ms=st.none() | st.sampled_from([-1, 0, 100, 250, 300, 700, 1_000, 2_000, 9_000, 10**9]),
)
def test_what_can_be_made_is_sound_and_never_forbidden(
    device: str, data: st.DataObject, address: int | None, channel: int | None, ms: int | None
) -> None:
    actions = list(monitor.actions(device)) or ["open"]
    try:
        made = monitor.compose(device, data.draw(st.sampled_from(actions)), address, channel, ms)
    except FrameError:
        return
    for said in monitor.explain(device, spaced(made)):
        assert (said.error, said.forbidden) == (None, None)


@given(before=CAPTURES, address=st.integers(1, 32), channel=st.integers(1, 50))
def test_a_sound_frame_at_the_end_of_any_capture_is_found_unless_an_earlier_one_claims_it(
    before: bytes, address: int, channel: int
) -> None:
    frame = bytes((0x8A, address, channel, 0x11))
    frame += bytes((reduce(xor, frame),))
    said = monitor.explain("xor_board", spaced(before + frame))
    assert said[-1].error is None or any(each.error is None and each.kind != "open" for each in said)
