"""PN532 and DESFire: any chunking, any garbage, any answers."""

from hypothesis import given
from hypothesis import strategies as st

from hw.frames import pn532
from hw.frames.desfire import Authentication, Outcome, SiteKeys
from hw.frames.pn532 import Ack, Frame, Information, Nack, Pn532Decoder
from hw.frames.pn532_session import CardProved, CardShown, Pn532Session
from simulator.readers.pn532 import Pn532
from tests.property.hw.test_rfid_framing import chunks, cut_places, fed

SITE = SiteKeys(bytes.fromhex("3042F5"), 1, bytes(range(16)))
LONGEST = 87  # bytes; a frame of the longest length that is taken
noise = st.binary(max_size=60)
mute_noise = st.lists(st.integers(1, 254), max_size=60).map(bytes)
data = st.binary(max_size=78)
answers = st.binary(max_size=40) | st.sampled_from([b"\x00", b"\xaf", b"\xae", b"\xa0"])


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, Frame]:
    kind = draw(st.sampled_from(["ack", "nack", "information"]))
    if kind == "ack":
        return pn532.ACK, Ack()
    if kind == "nack":
        return bytes.fromhex("00 00 FF FF 00 00"), Nack()
    code, carried = draw(st.integers(0, 255)), draw(data)
    return pn532.information(0xD5, code, carried), Information(0xD5, code, carried)


@given(stream=st.lists(noise | frames().map(lambda each: each[0])).map(b"".join), cuts=cut_places)
def test_any_chunking_gives_the_same_frames(stream: bytes, cuts: list[int]) -> None:
    whole, cut = Pn532Decoder(), Pn532Decoder()
    assert fed(cut.feed, chunks(stream, cuts)) == whole.feed(stream)
    assert (cut.garbage, cut.garbage_since_frame) == (whole.garbage, whole.garbage_since_frame)


@given(parts=st.lists(st.tuples(mute_noise, frames())), cuts=cut_places)
def test_frames_come_through_garbage(parts: list[tuple[bytes, tuple[bytes, Frame]]], cuts: list[int]) -> None:
    stream = b"".join(dirt + frame for dirt, (frame, _) in parts)
    assert fed(Pn532Decoder().feed, chunks(stream, cuts)) == [value for _, (_, value) in parts]


@given(dirt=noise, frame=frames())
def test_after_any_garbage_a_frame_that_is_followed_by_silence_is_understood(
    dirt: bytes, frame: tuple[bytes, Frame]
) -> None:
    decoder = Pn532Decoder()
    decoder.feed(dirt)
    decoder.silence()
    assert (decoder.feed(frame[0]) + decoder.silence())[-1:] == [frame[1]]


@given(stream=st.lists(st.binary(max_size=300), max_size=20))
def test_nothing_longer_than_a_frame_is_kept(stream: list[bytes]) -> None:
    decoder = Pn532Decoder()
    for part in stream:
        decoder.feed(part)
        assert len(decoder._tail) < LONGEST


@given(data=st.lists(noise | frames().map(lambda each: each[0])).map(b"".join))
def test_every_byte_of_a_capture_is_explained(data: bytes) -> None:
    assert bytes.fromhex("".join(said.hex for said in pn532.explain(data))) == data


@given(
    happenings=st.lists(
        st.integers(0, 3000)
        | noise
        | st.just(pn532.ACK)
        | st.builds(pn532.information, st.just(0xD5), st.sampled_from([0x15, 0x41, 0x4B]), data)
        | answers.map(lambda each: pn532.information(0xD5, 0x41, b"\x00" + each))
        | st.just(pn532.information(0xD5, 0x4B, bytes.fromhex("01 01 03 44 20 07 04782E21801D80"))),
        max_size=40,
    )
)
def test_whatever_a_reader_says_no_card_is_told_that_has_not_proved_itself(happenings: list[int | bytes]) -> None:
    session, now = Pn532Session(SITE), 0
    session.begin(now)
    for happening in happenings:
        if isinstance(happening, int):
            now += happening
            learnt = session.tick(now)
        else:
            learnt = session.received(happening, now)
        assert not [each for each in learnt if isinstance(each, CardShown | CardProved)]
        assert len(session.take_outgoing()) < 100
        assert session.due_ms <= now + 1000


@given(replies=st.lists(answers, min_size=1, max_size=3))
def test_no_answers_but_the_right_ones_prove_anything(replies: list[bytes]) -> None:
    card = Authentication(SITE, bytes.fromhex("04782E21801D80"))
    said: bytes | Outcome = card.begin()
    for reply in replies:
        if isinstance(said, bytes):
            said = card.answer(reply)
    assert said is not Outcome.PROVED


@given(dirt=noise, cuts=cut_places, at=st.integers(0, 2500))
def test_a_card_is_read_whatever_the_line_said_before(dirt: bytes, cuts: list[int], at: int) -> None:
    session, reader, now, shown = Pn532Session(), Pn532(), 0, []
    session.begin(now)
    reader.hold("FB0EE20B", 60_000, 0)
    pending = [dirt]
    while now < 6000 and not shown:
        answer = b"".join(reader.heard(byte, now) for byte in session.take_outgoing())
        for part in chunks(b"".join(pending) + answer, cuts):
            shown += [each for each in session.received(part, now) if isinstance(each, CardShown)]
        pending = [dirt] if now < at <= now + 10 else []
        now += 10
        shown += [each for each in session.tick(now) if isinstance(each, CardShown)]
    assert shown == [CardShown("FB0EE20B")]
