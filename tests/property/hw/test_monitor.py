"""Whatever stands on a line, `decode` accounts for every byte of it, and what `frame` makes is sound and allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.errors import FrameError
from hw.frames import monitor
from hw.frames.said import spaced

SERIAL = [device for device in monitor.CODECS if device != "wiegand"]
HEADERS = st.sampled_from([0x02, 0x03, 0x80, 0x8A, 0x90, 0x53, 0x00, 0xFF, 0x01, 0x05, 0x55, 0xD4, 0x0D])
NOISE = st.lists(st.one_of(HEADERS, st.integers(0, 255)), max_size=40).map(bytes)
SOUND: dict[str, list[bytes]] = {
    "rdm6300": [bytes.fromhex("0236324533303836434544303803")],
    "id12la": [bytes.fromhex("02363245333038364345443038 0D0A03")],
    **{
        device: [monitor.compose(device, "open", 1, 1), monitor.compose(device, "status", 1)]
        for device in ("xor_board", "kerong_cu", "modbus_relay")
    },
    "osdp": [monitor.compose("osdp", "status", 1)],
    "pn532": [monitor.compose("pn532", "poll"), monitor.compose("pn532", "ack")],
}


def captures(device: str) -> st.SearchStrategy[bytes]:
    """Noise and sound frames in any order."""
    pieces = st.lists(st.one_of(NOISE, st.sampled_from(SOUND[device])), min_size=1, max_size=5).map(b"".join)
    return pieces.filter(bool)


@pytest.mark.parametrize("device", SERIAL)
@given(data=st.data())
def test_every_byte_is_accounted_for_in_order(device: str, data: st.DataObject) -> None:
    capture = data.draw(captures(device))
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


@pytest.mark.parametrize("device", SERIAL)
@given(data=st.data())
def test_a_sound_frame_behind_silence_bytes_is_always_found(device: str, data: st.DataObject) -> None:
    frame = data.draw(st.sampled_from(SOUND[device]))
    said = monitor.explain(device, spaced(bytes((0xEE, 0xEE)) + frame))
    assert " ".join(each.hex for each in said if each.error is None) == spaced(frame)
