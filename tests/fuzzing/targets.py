"""Everything that parses what others send, as `bytes -> None`: it refuses with an error of its package or answers."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from controller import config
from controller.errors import ControllerError
from gateway.errors import GatewayError
from gateway.imports.checking import check
from gateway.imports.rows import read_rows
from gateway.ingest import chain
from hw.errors import HardwareError
from hw.frames import monitor, pn532
from hw.frames.desfire import BLOCK, Authentication, Outcome, SiteKeys
from hw.frames.kerong_cu import Cu48Decoder, CuDecoder, Layout
from hw.frames.keyboard_wedge import LONGEST, KeyboardDecoder
from hw.frames.modbus_rtu import ModbusDecoder
from hw.frames.osdp import OsdpFramer
from hw.frames.pn532 import Pn532Decoder
from hw.frames.pn532_session import CardProved, CardShown, Pn532Session
from hw.frames.rdm6300 import Rdm6300Decoder
from hw.frames.wiegand import ENDLESS, LAYOUTS, WiegandCodec, WiegandDecoder
from hw.frames.xor_board import XorBoardDecoder
from tests import wire_samples
from tests.unit.gateway.town import TODAY
from wire import access_list, badge, entries, envelope, messages
from wire.errors import WireError
from wire.topics import Topic, parse_topic

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = (WireError, HardwareError, ControllerError, GatewayError)
_KEYS = {
    envelope.key_id(wire_samples.EXAMPLE_KEY.public_key().public_bytes_raw()): wire_samples.EXAMPLE_KEY.public_key()
}
_SCRATCH = Path(tempfile.mkdtemp(prefix="casier-fuzz-"))


@dataclass(frozen=True)
class Target:
    """A parser and a few sound inputs to begin from; one that is slow is tried `fewer` times less in a soak."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    fewer: int = 1

    def __call__(self, data: bytes) -> None:
        """Parses; a refusal is an answer, anything else raised is a finding."""
        try:
            self.parse(data)
        except REFUSALS:
            return


def _message(name: str) -> Target:
    topic, sample = wire_samples.MESSAGES[name]
    del topic
    return Target(lambda data: messages.decode(data, type(sample)), (messages.encode(sample),))


def _command(data: bytes) -> object:
    return messages.command_args(messages.decode(data, messages.Command))


def _fed(new: Callable[[], Any]) -> Callable[[bytes], object]:
    """A stream: in two pieces, then silence; what it keeps of garbage stays bounded."""

    def parse(data: bytes) -> None:
        decoder = new()
        half = len(data) // 2
        decoder.feed(data[:half])
        decoder.feed(data[half:])
        assert len(decoder._tail) <= 2_048, "garbage is kept"

    return parse


def _file(suffix: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    path = _SCRATCH / f"file{suffix}"

    def parse(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return parse


def _imported(path: Path) -> object:
    return check(read_rows(path), TODAY)


def _card(data: bytes) -> None:
    """A card's answers, each behind a byte that says how long it is: whoever does not know the key proves nothing."""
    card = Authentication(_SITE, _UID)
    said: bytes | Outcome = card.begin()
    while data and isinstance(said, bytes):
        said, data = card.answer(data[1 : 1 + data[0]]), data[1 + data[0] :]
    assert said is not Outcome.PROVED


def _session(site: SiteKeys | None) -> Callable[[bytes], object]:
    """What a reader says: pieces, each behind a byte with its length and one with the time before it, in 10 ms."""

    def parse(data: bytes) -> None:
        session, now_ms = Pn532Session(site), 0
        session.begin(0)
        while len(data) >= 2:
            length, now_ms = data[0], now_ms + 10 * data[1]
            learnt = session.tick(now_ms) + session.received(data[2 : 2 + length], now_ms)
            data = data[2 + length :]
            assert len(session.take_outgoing()) <= 1_024, "orders pile up"
            assert not any(isinstance(one, CardShown if site else CardProved) for one in learnt)

    return parse


def _said(*frames: bytes) -> bytes:
    """Pieces for `_session`."""
    return b"".join(bytes((len(frame), 1)) + frame for frame in frames)


def _edges(data: bytes) -> None:
    """Pulses: of each byte the lowest bit is the line, the rest the time since the one before it, in 0.4 ms."""
    decoder, now_us = WiegandDecoder(WiegandCodec(list(LAYOUTS.values()), keypad=4)), 0
    for byte in data[: 2 * ENDLESS]:
        now_us += (byte >> 1) * 400
        decoder.edge(byte & 1, now_us)
        decoder.looks_whole  # noqa: B018 - asked after every edge, as the reader's driver does
        assert len(decoder._edges) <= 64, "noise is kept"
    decoder.silence()


def _keys(data: bytes) -> None:
    """Keys: each a code, and the time since the one before it, in 10 ms."""
    decoders = KeyboardDecoder("hex"), KeyboardDecoder("digits", 10)
    now_ms = 0
    for code, waited in zip(data[::2], data[1::2], strict=False):
        now_ms += 10 * waited
        for decoder in decoders:
            number = decoder.press(code, now_ms)
            assert number is None or 4 <= len(number) <= LONGEST


def _workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (["nom", "début", "fin"], ["A", date(2019, 1, 1), None], ["B", 3, 0.5]):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def _part_of_workbook(name: str) -> Callable[[bytes], object]:
    """The rest of the workbook is sound, as are the archive's own sums: what is read is the part."""
    path = _SCRATCH / f"{Path(name).stem}.xlsx"

    def parse(data: bytes) -> object:
        with zipfile.ZipFile(path, "w") as changed:
            for each, content in _PARTS.items():
                changed.writestr(each, data if each == name else content)
        return _imported(path)

    return parse


_SITE, _UID = SiteKeys(bytes.fromhex("3042F5"), 1, bytes(range(16))), bytes.fromhex("04782E21801D80")
_LISTED = pn532.information(0xD5, 0x4B, bytes((1, 1, 3, 0x44, 0x20, 7)) + _UID + bytes.fromhex("0675778102 80"))
_EXCHANGED = pn532.information(0xD5, 0x41, b"\x00\x00")
_CARD_SAID = (pn532.ACK, pn532.information(0xD5, 0x15, b""), pn532.ACK, _LISTED, pn532.ACK, _EXCHANGED)
_ANSWERS = b"\x01\x00" + bytes((1 + BLOCK, 0xAF)) + bytes(BLOCK) + bytes((1 + BLOCK, 0)) + bytes(BLOCK)
_SLOW, _SLOWEST = 10, 50  # thousands of edges, or of rows; a workbook takes some milliseconds to open
with zipfile.ZipFile(io.BytesIO(_workbook())) as _book:
    _PARTS = {name: _book.read(name) for name in _book.namelist()}
_FRAMES = (bytes.fromhex("8a0101119b"), b"\x0201000A1B2C3D\x03", bytes.fromhex("0000ff03fdd54b0100d700"))
TARGETS: dict[str, Target] = {
    "envelope": Target(
        lambda data: envelope.verify(data, Topic.STATUS, _KEYS),
        (wire_samples.signed(Topic.STATUS, messages.encode(wire_samples.MESSAGES["Birth"][1])),),
    ),
    "status": Target(messages.decode_status, (messages.encode(wire_samples.MESSAGES["Birth"][1]),)),
    "command": Target(_command, (messages.encode(wire_samples.MESSAGES["Command"][1]),)),
    "access": Target(access_list.decode_access_list, (messages.encode(wire_samples.ACCESS),)),
    "batch": Target(lambda data: chain.read(data, "montreuil-1"), (wire_samples.batch_payload(),)),
    "entry": Target(entries.decode_entry, (entries.encode_entry(wire_samples.ENTRIES[3]),)),
    "topic": Target(lambda data: parse_topic(data.decode("latin-1")), (b"casier/1/montreuil-1/events",)),
    "badge": Target(
        lambda data: badge.canonical_number(*data.decode("latin-1").partition(":")[::2]), (b"em4100:0A1B2C3D4E",)
    ),
    **{name.lower(): _message(name) for name in ("Health", "Reply", "Trust", "Keys", "Receipt")},
    "rdm6300": Target(_fed(Rdm6300Decoder), _FRAMES),
    "xor_board": Target(_fed(lambda: XorBoardDecoder({1: 3, 2: 7})), _FRAMES),
    "kerong_cu": Target(_fed(lambda: CuDecoder([0, 1])), (bytes.fromhex("020035040000003b"),)),
    "kerong_cu48": Target(_fed(lambda: Cu48Decoder(dict.fromkeys((0, 1), next(iter(Layout))))), (b"\x02\x00\x00\x85",)),
    "modbus_relay": Target(_fed(lambda: ModbusDecoder([1, 2])), (bytes.fromhex("010501020000"),)),
    "pn532": Target(_fed(Pn532Decoder), _FRAMES),
    "pn532_session": Target(_session(None), (_said(*_CARD_SAID),)),
    "pn532_session_of_a_site": Target(_session(_SITE), (_said(*_CARD_SAID),)),
    "desfire": Target(_card, (_ANSWERS, b"\x01\xa0")),
    "wiegand": Target(_edges, (bytes([5, 4] * 13), bytes([4] * 34), bytes([5, 4, 4, 5])), fewer=_SLOW),
    "keyboard_wedge": Target(_keys, (bytes((2, 1, 3, 1, 30, 1, 48, 1, 28, 1)),)),
    "osdp": Target(_fed(OsdpFramer), (bytes.fromhex("5380080000400000"),)),
    **{
        f"explain_{device}": Target(
            lambda data, device=device: monitor.explain(device, data.decode("latin-1")), (b"02 31 32", b"0110")
        )  # type: ignore[misc]
        for device in monitor.CODECS
    },
    "bank_toml": Target(_file(".toml", config.load), ((ROOT / "deploy/banks/montreuil-1.toml").read_bytes(),)),
    "import_json": Target(_file(".json", _imported), ((ROOT / "tests/data/montreuil.json").read_bytes()[:4_000],)),
    "import_csv": Target(_file(".csv", _imported), ("nom;début;fin\nA;2019-01-01;\n".encode(),), fewer=_SLOW),
    "import_xlsx": Target(_file(".xlsx", _imported), (_workbook(),), fewer=_SLOWEST),
    **{
        f"import_{Path(name).stem.lower()}_of_xlsx": Target(_part_of_workbook(name), (_PARTS[name],), fewer=_SLOWEST)
        for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml")
    },
}
