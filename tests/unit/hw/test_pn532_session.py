"""A conversation with a PN532 on a clock set by hand: cards, proofs, silence, and a reader that was away."""

from collections.abc import Callable

import pytest

from hw.frames import pn532
from hw.frames.desfire import Outcome, SiteKeys
from hw.frames.pn532_session import (
    LOSSES,
    Answering,
    CardProved,
    CardShown,
    CardTurnedAway,
    Learnt,
    Pn532Session,
    Trouble,
)
from simulator.devices import Habit
from simulator.readers.desfire_card import DesfireCard
from simulator.readers.pn532 import Pn532

AID = bytes.fromhex("3042F5")
SITE = SiteKeys(AID, 1, bytes(range(16)), b"Montreuil")
UID = bytes.fromhex("04782E21801D80")
NUMBER = UID.hex().upper()


def card_of_the_site(**fields: object) -> DesfireCard:
    return DesfireCard(UID, {AID: {1: SITE.card_key(UID)}}, **fields)  # type: ignore[arg-type]


class Talk:
    """A session and a simulated reader at the two ends of a wire without delay, in milliseconds."""

    def __init__(self, site: SiteKeys | None = None, **cards: DesfireCard) -> None:
        self.now = 0
        self.reader = Pn532(cards)
        self.session = Pn532Session(site)
        self.learnt: list[Learnt] = []
        self.sent: list[bytes] = []
        self.line: Callable[[bytes], bytes] = lambda data: data
        self.session.begin(0)
        self._settle()

    def wait(self, milliseconds: int) -> "Talk":
        for _ in range(milliseconds):
            self.now += 1
            self.learnt += self.session.tick(self.now)
            self._hear(self.reader.advance(self.now))
            self._settle()
        return self

    def busy(self, milliseconds: int) -> "Talk":
        """The program does something else for so long; what the reader says meanwhile waits in the port."""
        answers = b""
        for _ in range(milliseconds):
            self.now += 1
            answers += self.reader.advance(self.now)
        self._hear(answers)
        self.learnt += self.session.tick(self.now)
        self._settle()
        return self

    def told(self) -> list[Learnt]:
        """What was learnt of cards."""
        return [each for each in self.learnt if not isinstance(each, Answering | Trouble)]

    def _settle(self) -> None:
        while outgoing := self.session.take_outgoing():
            self.sent.append(outgoing)
            self._hear(b"".join(self.reader.heard(byte, self.now) for byte in outgoing))

    def _hear(self, answer: bytes) -> None:
        answer = self.line(answer)
        if answer:
            self.learnt += self.session.received(answer, self.now)


def test_a_card_is_read_within_a_millisecond_of_coming_into_the_field() -> None:
    talk = Talk().wait(2345)
    talk.reader.hold("FB0EE20B", 200, talk.now)
    assert talk.wait(1).told() == [CardShown("FB0EE20B")]


@pytest.mark.parametrize("number", ["FB0EE20B", "04782E21801D80", "04782E21801D80AABBCC"])
def test_a_held_card_is_one_presentation_and_one_shown_again_another(number: str) -> None:
    talk = Talk()
    talk.reader.hold(number, 5000, 0)
    assert talk.wait(6000).told() == [CardShown(number)]
    talk.reader.hold(number, 100, talk.now)
    assert talk.wait(1000).told() == [CardShown(number)] * 2


@pytest.mark.parametrize("delay_ms", [0, 30])
@pytest.mark.parametrize("moment_ms", range(500, 590, 10))
def test_a_card_that_is_held_while_the_program_is_busy_is_still_the_same_presentation(
    moment_ms: int, delay_ms: int
) -> None:
    talk = Talk()
    talk.line = delayed(talk, delay_ms)
    talk.reader.hold("FB0EE20B", 3000, 0)
    talk.wait(moment_ms).busy(450).wait(3000)
    assert talk.told() == [CardShown("FB0EE20B")]
    talk.reader.hold("FB0EE20B", 100, talk.now)
    assert talk.wait(1000).told() == [CardShown("FB0EE20B")] * 2


def delayed(talk: Talk, milliseconds: int) -> Callable[[bytes], bytes]:
    """A reader that takes its time to answer; the ACK comes at once, the rest when it is asked for the next time."""
    late: list[tuple[int, bytes]] = []
    advance = talk.reader.advance

    def later(now: float) -> bytes:
        due, late[:] = [data for at, data in late if at <= now], [each for each in late if each[0] > now]
        return b"".join(due) + advance(now)

    def line(data: bytes) -> bytes:
        at_once = data[: len(pn532.ACK)] if data.startswith(pn532.ACK) else b""
        if milliseconds and at_once and data != at_once:
            late.append((talk.now + milliseconds, data[len(at_once) :]))
            return at_once
        return data

    talk.reader.advance = later  # type: ignore[method-assign]
    return line


def test_cards_one_after_the_other_are_one_presentation_each() -> None:
    talk = Talk()
    for number in ("11111111", "22222222", "33333333"):
        talk.reader.hold(number, 150, talk.now)
    assert talk.wait(2000).told() == [CardShown(number) for number in ("11111111", "22222222", "33333333")]


def test_a_look_without_a_card_is_ended_by_the_host_each_second() -> None:
    talk = Talk().wait(5500)
    assert talk.sent[1:] == [pn532.list_targets()] + [pn532.ACK + pn532.list_targets()] * 5
    assert talk.learnt == [Answering()]


def test_a_card_of_the_site_is_told_once_it_has_proved_itself() -> None:
    talk = Talk(SITE, mine=card_of_the_site())
    talk.reader.hold("mine", 3000, 0)
    assert talk.wait(4000).told() == [CardProved(NUMBER)]


def test_a_copied_number_is_turned_away_once_and_its_number_is_not_told() -> None:
    talk = Talk(SITE, copy=card_of_the_site().copied())
    talk.reader.hold("copy", 3000, 0)
    assert talk.wait(4000).told() == [CardTurnedAway(Outcome.NOT_AUTHENTIC)]


@pytest.mark.parametrize("number", ["04782E21801D80", "FB0EE20B"])
def test_a_card_with_nothing_but_a_number_is_turned_away(number: str) -> None:
    talk = Talk(SITE)
    talk.reader.hold(number, 3000, 0)
    assert talk.wait(4000).told() == [CardTurnedAway(Outcome.FOREIGN)]


def test_a_phone_that_makes_up_a_number_each_time_is_turned_away_unasked() -> None:
    uid = bytes.fromhex("08123456")
    talk = Talk(SITE, phone=DesfireCard(uid, {AID: {1: SITE.card_key(uid)}}))
    talk.reader.hold("phone", 1000, 0)
    assert talk.wait(1500).told() == [CardTurnedAway(Outcome.FOREIGN)]
    assert not [sent for sent in talk.sent if b"\xd4\x40" in sent]


@pytest.mark.parametrize("commands", range(3))
def test_a_card_pulled_away_in_the_middle_is_not_told_and_counts_when_it_is_shown_again(commands: int) -> None:
    card = card_of_the_site(gone_after=commands)
    talk = Talk(SITE, mine=card)
    talk.reader.hold("mine", 3000, 0)
    assert talk.wait(4000).told() == []
    card.gone_after = None
    talk.reader.hold("mine", 300, talk.now)
    assert talk.wait(1000).told() == [CardProved(NUMBER)]


def test_a_card_that_fell_silent_again_and_again_still_counts_when_it_speaks() -> None:
    card = card_of_the_site(gone_after=2)
    talk = Talk(SITE, mine=card)
    for _ in range(LOSSES - 1):
        talk.reader.hold("mine", 1000, talk.now)
        talk.wait(500)
    card.gone_after = None
    talk.reader.hold("mine", 1000, talk.now)
    assert talk.wait(1500).told() == [CardProved(NUMBER)]


def test_a_card_that_goes_on_saying_nothing_is_foreign_in_the_end_and_told_once() -> None:
    talk = Talk(SITE, mute=card_of_the_site(gone_after=0))
    for _ in range(LOSSES):
        assert talk.told() == []
        talk.reader.hold("mute", 1000, talk.now)
        talk.wait(500)
    assert talk.told() == [CardTurnedAway(Outcome.FOREIGN)]


def test_a_clone_right_after_the_card_itself_opens_nothing_more() -> None:
    talk = Talk(SITE, mine=card_of_the_site(), copy=card_of_the_site().copied())
    talk.reader.hold("mine", 200, 0)
    talk.reader.hold("copy", 200, 0)
    assert talk.wait(2000).told() == [CardProved(NUMBER), CardTurnedAway(Outcome.NOT_AUTHENTIC)]


def test_a_silent_reader_is_trouble_within_a_second_and_well_again_when_it_answers() -> None:
    talk = Talk()
    talk.reader.habit = Habit.DEAD
    assert talk.wait(1500).learnt == [Answering(), Trouble("silent")]
    talk.reader.habit = Habit.FINE
    talk.reader.hold("FB0EE20B", 5000, talk.now)
    talk.wait(1000)
    assert talk.learnt[-2:] == [Answering(), CardShown("FB0EE20B")]


@pytest.mark.parametrize("habit", [Habit.GARBAGE, Habit.WRONG_CHECKSUM])
def test_a_reader_that_makes_no_sense_is_trouble_and_reads_again_when_it_does(habit: Habit) -> None:
    talk = Talk()
    talk.reader.habit = habit
    talk.reader.hold("FB0EE20B", 60_000, 0)
    talk.wait(6000)
    assert talk.told() == []
    assert talk.learnt[-1] == Trouble("garbage")
    talk.reader.habit = Habit.FINE
    assert talk.wait(2000).told() == [CardShown("FB0EE20B")]


@pytest.mark.parametrize("habit", [Habit.MUTE, Habit.HALF_FRAME])
def test_a_reader_whose_answers_are_lost_is_trouble_and_reads_again(habit: Habit) -> None:
    talk = Talk()
    talk.reader.habit = habit
    talk.reader.hold("FB0EE20B", 60_000, 0)
    talk.wait(6000)
    assert talk.told() == []
    assert isinstance(talk.learnt[-1], Trouble)
    talk.reader.habit = Habit.FINE
    assert talk.wait(2000).told() == [CardShown("FB0EE20B")]


def test_garbage_before_each_answer_costs_nothing() -> None:
    talk = Talk(SITE, mine=card_of_the_site())
    talk.reader.habit = Habit.LEADING_GARBAGE
    talk.reader.hold("mine", 1000, 0)
    assert talk.wait(1500).told() == [CardProved(NUMBER)]


def test_a_reader_that_lost_its_supply_is_woken_again() -> None:
    talk = Talk().wait(3000)
    talk.reader.power_off(talk.now)
    talk.wait(1500)
    talk.reader.hold("FB0EE20B", 200, talk.now)
    assert talk.wait(500).told() == [CardShown("FB0EE20B")]
    assert not [each for each in talk.learnt if isinstance(each, Trouble)]


def test_a_reader_that_goes_away_in_the_middle_of_a_proof_asks_for_it_again() -> None:
    talk = Talk(SITE, mine=card_of_the_site())
    lost = []

    def lose_the_challenge(data: bytes) -> bytes:
        if b"\xd5\x41\x00\xaf" in data and not lost:
            lost.append(data)
            return b""
        return data

    talk.line = lose_the_challenge
    talk.reader.hold("mine", 5000, 0)
    assert talk.wait(4000).told() == [CardProved(NUMBER)]
    assert lost


def test_a_slow_proof_does_not_end_the_presentation_that_it_belongs_to() -> None:
    card, session, now = card_of_the_site(), Pn532Session(SITE), 0
    session.begin(now)
    session.received(pn532.ACK + pn532.information(0xD5, 0x15, b""), now)
    found = pn532.ACK + pn532.information(0xD5, 0x4B, bytes.fromhex("01 01 03 44 20 07") + UID)
    learnt = session.received(found, now)
    for _ in range(3):
        now += 150
        answer = card.answer(session.take_outgoing().partition(b"\xd4\x40\x01")[2][:-2])
        assert answer is not None
        learnt += session.received(pn532.ACK + pn532.information(0xD5, 0x41, b"\x00" + answer), now)
    assert learnt == [CardProved(NUMBER)]
    session.tick(now + 100)
    session.take_outgoing()
    session.received(found, now + 150)
    assert session.take_outgoing() == b""  # it is not asked again


def test_what_an_ended_look_says_too_late_is_not_taken_for_the_next_one() -> None:
    session = Pn532Session()
    session.begin(0)
    session.received(pn532.ACK + pn532.information(0xD5, 0x15, b""), 1)
    session.received(pn532.ACK, 2)
    session.tick(1002)  # the look has been ended, and the next one begun
    late = pn532.information(0xD5, 0x4B, bytes.fromhex("01 01 00 04 08 04 FB0EE20B"))
    assert session.received(late, 1003) == []
    assert session.received(pn532.ACK + late, 1004) == [CardShown("FB0EE20B")]


def test_no_repr_shows_a_number() -> None:
    assert NUMBER not in repr(CardShown(NUMBER)) + repr(CardProved(NUMBER))
