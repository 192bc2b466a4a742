"""Modbus frames of the relay boards, what may be sent, and that the standard ones are pymodbus's own."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteSingleCoilRequest,
)

from hw.errors import FrameError
from hw.frames import monitor
from hw.frames.modbus_rtu import (
    ModbusDecoder,
    all_off,
    classify,
    coil_off,
    crc16,
    explain,
    pulse_coil,
    read_coils,
    read_inputs,
    sealed,
)
from hw.frames.replies import CoilsReply, OffReply, OpenReply, Refusal, StatusReply
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

VECTORS = {
    vector["name"]: bytes.fromhex(vector["frame"])
    for vector in json.loads((Path(__file__).parents[2] / "vectors" / "lock_boards.json").read_text())["modbus_relay"]
}
addresses, channels = st.integers(1, 247), st.integers(1, 32)


def of_pymodbus(pdu) -> bytes:
    return FramerRTU(DecodePDU(False)).buildFrame(pdu)


def test_published_frames_are_built_as_published() -> None:
    assert pulse_coil(1, 1, 700) == VECTORS["timed pulse channel 0, 700 ms"]
    assert coil_off(1, 1) == VECTORS["off channel 0"]
    assert all_off(1) == VECTORS["all off"]
    assert read_coils(1, 8) == VECTORS["read coils 8"]
    assert read_inputs(1, 8) == VECTORS["read inputs 8"]


@pytest.mark.parametrize("frame", VECTORS.values(), ids=VECTORS.keys())
def test_published_checksums_are_ours(frame: bytes) -> None:
    assert sealed(*frame[:-2]) == frame
    assert crc16(frame) == 0


@given(data=st.binary(max_size=64))
def test_the_crc_is_pymodbuss(data: bytes) -> None:
    assert crc16(data).to_bytes(2, "little") == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(address=addresses, channel=channels)
def test_standard_requests_are_byte_for_byte_pymodbuss(address: int, channel: int) -> None:
    assert read_coils(address, channel) == of_pymodbus(ReadCoilsRequest(dev_id=address, address=0, count=channel))
    asked = ReadDiscreteInputsRequest(dev_id=address, address=0, count=channel)
    assert read_inputs(address, channel) == of_pymodbus(asked)
    off = WriteSingleCoilRequest(dev_id=address, address=channel - 1, bits=[False])
    assert coil_off(address, channel) == of_pymodbus(off)


@given(address=addresses, bits=st.lists(st.booleans(), min_size=1, max_size=32), code=st.integers(1, 11))
def test_standard_replies_of_pymodbus_are_understood(address: int, bits: list[bool], code: int) -> None:
    packed = sum(1 << index for index, bit in enumerate(bits) if bit).to_bytes((len(bits) + 7) // 8, "little")
    frames = [
        of_pymodbus(ReadDiscreteInputsResponse(dev_id=address, bits=bits)),
        of_pymodbus(ReadCoilsResponse(dev_id=address, bits=bits)),
        of_pymodbus(WriteSingleCoilRequest(dev_id=address, address=3, bits=[False])),
        of_pymodbus(ExceptionResponse(5, exception_code=code, device_id=address)),
    ]
    assert ModbusDecoder([address]).feed(b"".join(frames)) == [
        StatusReply(address, packed),
        CoilsReply(address, packed),
        OffReply(address, 4),
        Refusal(address, code),
    ]


@given(address=addresses, channel=channels)
def test_pymodbus_reads_our_standard_frames_as_we_mean_them(address: int, channel: int) -> None:
    server = FramerRTU(DecodePDU(True))
    for frame, kind in (
        (read_coils(address, channel), ReadCoilsRequest),
        (read_inputs(address, channel), ReadDiscreteInputsRequest),
        (coil_off(address, channel), WriteSingleCoilRequest),
    ):
        used, pdu = server.handleFrame(frame, 0, 0)
        assert (used, type(pdu), pdu.dev_id) == (8, kind, address)
        assert channel == (pdu.address + 1 if kind is WriteSingleCoilRequest else pdu.count)


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [
        (VECTORS["timed pulse channel 0, 700 ms"], Energises(1, 1, 700)),
        (pulse_coil(247, 32, 100), Energises(247, 32, 100)),
        (VECTORS["off channel 0"], Harmless()),
        (VECTORS["all off"], Harmless()),
        (VECTORS["read coils 8"], Harmless()),
        (VECTORS["read inputs 8"], Harmless()),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else None,
)
def test_published_requests_are_judged_for_what_they_do(frame: bytes, verdict: Verdict) -> None:
    assert classify(frame) == verdict


@pytest.mark.parametrize(
    "frame",
    [
        VECTORS["on channel 0"],  # holds
        sealed(1, 5, 0, 0, 0x55, 0),  # flip
        sealed(1, 5, 0, 0xFF, 0xFF, 0),  # all on
        sealed(1, 5, 0, 0xFF, 0x55, 0),
        sealed(1, 5, 1, 0xFF, 0, 0),  # flip all
        sealed(1, 5, 2, 0xFF, 0, 3),  # pulse all
        sealed(1, 5, 4, 0, 0, 7),  # off for a time: on afterwards
        sealed(1, 5, 2, 0, 0, 0),
        sealed(1, 5, 2, 0, 0, 11),  # more than a second
        sealed(1, 5, 2, 0, 1, 3),
        sealed(1, 5, 2, 32, 0, 3),
        sealed(1, 5, 0, 0, 0, 1),
        sealed(0, 5, 2, 0, 0, 3),  # every board
        sealed(0, 5, 0, 0, 0, 0),
        sealed(248, 5, 2, 0, 0, 3),
        sealed(1, 0x0F, 0, 0, 0, 8, 1, 0xFF),  # several coils
        sealed(1, 0x06, 0x40, 0x00, 0x00, 0x02),  # the board's address
        sealed(1, 0x10, 0, 0, 0, 1, 2, 0, 2),
        VECTORS["timed pulse channel 0, 700 ms"][:-1] + b"\xb1",
        VECTORS["timed pulse channel 0, 700 ms"][:-1],
        VECTORS["read coils 8"] + VECTORS["timed pulse channel 0, 700 ms"],
        b"",
    ],
    ids=lambda frame: frame.hex(),
)
def test_frames_that_hold_or_work_more_than_one_coil_or_change_the_board_are_forbidden(frame: bytes) -> None:
    assert isinstance(classify(frame), Forbidden)


@pytest.mark.parametrize(
    ("address", "channel", "ms"),
    [(0, 1, 300), (248, 1, 300), (1, 0, 300), (1, 33, 300), (1, 1, 0), (1, 1, 250), (1, 1, 1100)],
)
def test_frames_that_must_not_be_sent_cannot_be_built(address: int, channel: int, ms: int) -> None:
    with pytest.raises(FrameError, match="allowed"):
        pulse_coil(address, channel, ms)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        (pulse_coil(1, 5, 300), OpenReply(1, 5)),
        (coil_off(1, 5), OffReply(1, 5)),
        (all_off(1), OffReply(1, None)),
        (sealed(1, 2, 1, 0x0F), StatusReply(1, b"\x0f")),
        (sealed(1, 1, 2, 0x01, 0x80), CoilsReply(1, b"\x01\x80")),
        (sealed(1, 0x85, 6), Refusal(1, 6)),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else None,
)
def test_replies_are_read(frame: bytes, reply: object) -> None:
    assert ModbusDecoder([1]).feed(frame) == [reply]
    assert ModbusDecoder([2]).feed(frame) == []


def test_the_echo_of_a_query_is_not_taken_for_its_reply() -> None:
    decoder = ModbusDecoder([1])
    assert decoder.feed(read_inputs(1, 8) + sealed(1, 2, 1, 7)) == [StatusReply(1, b"\x07")]
    assert decoder.garbage == 8


def test_endless_noise_is_not_kept() -> None:
    decoder = ModbusDecoder([1])
    for _ in range(1000):
        decoder.feed(b"\x01\x02\x04" * 5)
    assert len(decoder._tail) < 10


@pytest.mark.parametrize(
    ("frame", "kind", "value", "forbidden"),
    [
        (VECTORS["on channel 0"], "on", 1, True),
        (VECTORS["off channel 0"], "off", 1, False),
        (VECTORS["all off"], "all_off", "all", False),
        (VECTORS["timed pulse channel 0, 700 ms"], "open", 1, False),
        (VECTORS["read coils 8"], "query", "coils", False),
        (VECTORS["read inputs 8"], "query", "inputs", False),
        (sealed(1, 5, 0, 0xFF, 0xFF, 0), "on_all", "all", True),
        (sealed(1, 5, 1, 0xFF, 0, 0), "flip_all", "all", True),
        (sealed(1, 5, 2, 0xFF, 0, 3), "open", "all", True),
        (sealed(1, 5, 4, 2, 0, 7), "off_for_a_time", 3, True),
        (sealed(0, 5, 2, 0, 0, 3), "open", 1, True),
        (sealed(1, 2, 1, 0x05), "status", [1, 3], False),
        (sealed(1, 1, 1, 0x80), "coils", [8], False),
        (sealed(1, 0x85, 6), "refusal", 6, False),
        (sealed(1, 0x0F, 0, 0, 0, 8, 1, 0xFF), "set_coils", 0, True),
        (sealed(1, 6, 0x40, 0, 0, 2), "set_register", 0x4000, True),
        (sealed(1, 3, 2, 0, 1), "registers", [0, 1], False),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else None,
)
def test_every_frame_is_explained(frame: bytes, kind: str, value: object, forbidden: bool) -> None:
    (said,) = explain(frame)
    assert (said.kind, said.value, said.error) == (kind, value, None)
    assert bool(said.forbidden) is forbidden


def test_a_pulse_is_explained_with_its_time_and_its_coil() -> None:
    (said,) = explain(VECTORS["timed pulse channel 0, 700 ms"])
    assert (said.detail["ms"], said.detail["coil"], said.detail["address"]) == (700, 0, 1)


def test_a_wrong_crc_and_a_cut_frame_are_told_and_the_next_frame_is_not_lost() -> None:
    wrong = VECTORS["off channel 0"][:-1] + b"\x00"
    said = explain(wrong + VECTORS["read coils 8"] + b"\xff" + VECTORS["read coils 8"][:5])
    assert [each.kind for each in said] == ["refused", "query", "garbage", "refused"]
    assert "CD CA" in str(said[0].error)
    assert "cut short" in str(said[3].error)


def test_people_compose_only_what_may_be_sent() -> None:
    assert monitor.compose("modbus_relay", "pulse", 1, 1, 700) == VECTORS["timed pulse channel 0, 700 ms"]
    assert monitor.compose("modbus_relay", "off", 1, 1) == VECTORS["off channel 0"]
    assert monitor.compose("modbus_relay", "off", 1, 0) == VECTORS["off channel 0"]
    assert monitor.compose("modbus_relay", "all-off", 1) == VECTORS["all off"]
    assert monitor.compose("modbus_relay", "status") == VECTORS["read inputs 8"]
    assert monitor.compose("modbus_relay", "coils") == VECTORS["read coils 8"]
    for order in (
        ("on", 1, 1),
        ("open", 1),
        ("open", 0, 1),
        ("open", 1, 1, 250),
        ("off", 1, 1, 300),
        ("all_off", 1, 1),
    ):
        with pytest.raises(FrameError):
            monitor.compose("modbus_relay", *order)
