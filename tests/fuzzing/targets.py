"""Everything that parses what others send, as `bytes -> None`: it refuses with an error of its package or answers."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller import config
from controller.errors import ControllerError
from gateway.errors import GatewayError
from gateway.imports.checking import check
from gateway.imports.rows import read_rows
from gateway.ingest import chain
from hw.errors import HardwareError
from hw.frames import monitor
from hw.frames.kerong_cu import Cu48Decoder, CuDecoder, Layout
from hw.frames.modbus_rtu import ModbusDecoder
from hw.frames.osdp import OsdpFramer
from hw.frames.pn532 import Pn532Decoder
from hw.frames.rdm6300 import Rdm6300Decoder
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
    """A parser and a few sound inputs to begin from."""

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

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
    "osdp": Target(_fed(OsdpFramer), (bytes.fromhex("5380080000400000"),)),
    **{
        f"explain_{device}": Target(
            lambda data, device=device: monitor.explain(device, data.decode("latin-1")), (b"02 31 32", b"0110")
        )  # type: ignore[misc]
        for device in monitor.CODECS
    },
    "bank_toml": Target(_file(".toml", config.load), ((ROOT / "deploy/banks/montreuil-1.toml").read_bytes(),)),
    "import_json": Target(_file(".json", _imported), ((ROOT / "tests/data/montreuil.json").read_bytes()[:4_000],)),
    "import_csv": Target(_file(".csv", _imported), ("nom;début;fin\nA;2019-01-01;\n".encode(),)),
    "import_xlsx": Target(_file(".xlsx", _imported), (b"PK\x03\x04",)),
}
