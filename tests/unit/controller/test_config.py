"""A bank's TOML file: every mistake is named with its line and what is allowed."""

from pathlib import Path

import pytest

from controller.config import load
from controller.errors import ConfigError
from controller.toml_lines import TomlLines
from hw.ports import Coil

GOOD = """\
[bank]
controller = "montreuil-1"
zone = "Europe/Paris"
data_dir = "data"

[broker]
host = "127.0.0.1"
port = 1883

[releases]
retries = 1

[readers.entrance]
driver = "rdm6300"
port = "/dev/ttyUSB0"

[boards.a]
driver = "xor_board"
port = "/dev/ttyUSB1"
address = 1
channels = 24

[boards.b]
driver = "xor_board"
port = "/dev/ttyUSB1"
address = 2
channels = 24

[[lockers]]
numbers = "1-24"
board = "a"
channels = "1-24"

[[lockers]]
numbers = 25
board = "b"
channels = 1
group = "supply-2"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "bank.toml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return [(problem.line, problem.key, problem.message) for problem in caught.value.problems]


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_a_good_file_gives_each_locker_its_coil_and_group(tmp_path: Path) -> None:
    bank = load(written(tmp_path, GOOD))
    assert bank.data_dir == tmp_path / "data"
    assert bank.lockers[24] == (Coil("a", 24), "a")
    assert bank.lockers[25] == (Coil("b", 1), "supply-2")
    assert bank.releases.retries == 1
    assert bank.time.system_clock == "auto"


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('controller = "montreuil-1"', 'controller = "Montreuil 1"', "bank.controller", "a-z0-9-"),
        ('zone = "Europe/Paris"', 'zone = "Paris"', "bank.zone", "IANA"),
        ("port = 1883", "port = 99999", "broker.port", "allowed: 1 to 65535"),
        ("port = 1883", "port = 1883\ntls = {ca = 'x'}", "broker.tls", "allowed: ca, certificate, key"),
        ("retries = 1", "retries = 1\n[time]\nsystem_clock = 'maybe'", "time.system_clock", "absent, auto, trusted"),
        ("[readers.entrance]", f"[readers.{'e' * 65}]", f"readers.{'e' * 65}", "1 to 64"),
        ("numbers = 25", "numbers = true", "lockers[1].numbers", "a range such as"),
        ("retries = 1", "retries = 7", "releases.retries", "2"),
        ("retries = 1", "pulse_ms = 5000", "releases.pulse_ms", "1000"),
        ("retries = 1", "retrys = 1", "releases.retrys", "allowed: pulse_ms, open_within_ms, retries"),
        ('driver = "rdm6300"', 'driver = "rdm63000"', "readers.entrance.driver", "allowed: id12la, "),
        ("address = 1", "address = 99", "boards.a.address", "32"),
        ("address = 2", "address = 1", "boards.b.address", "fire together"),
        ('board = "a"', 'board = "c"', "lockers[0].board", "allowed: a, b"),
        ('channels = "1-24"', 'channels = "1-25"', "lockers[0].channels", "as many as numbers"),
        ('numbers = "1-24"', 'numbers = "24-1"', "lockers[0].numbers", "allowed: a number from 1"),
        ("numbers = 25", "numbers = 24", "lockers[1].numbers", "locker 24 is given twice"),
        ('board = "b"', 'board = "a"', "lockers[1].channels", "already opens a locker"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    text = GOOD.replace(old, new, 1)
    found = [problem for problem in problems(tmp_path, text) if problem[1] == key]
    assert found, problems(tmp_path, text)
    (line, _, message) = found[0]
    assert said in message
    before, _, _ = GOOD.partition("channels = 1\n" if key == "lockers[1].channels" else old)
    assert line == before.count("\n") + new.count("\n") + 1


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        GOOD.replace("port = 1883", 'port = "x"').replace("address = 1", "address = 0").replace('"Europe/Paris"', "7")
    )
    lines = [line for line, _, _ in problems(tmp_path, text)]
    assert lines == [line_of(text, "zone"), line_of(text, 'port = "x"'), line_of(text, "address = 0")]


def test_a_file_that_is_not_toml_names_the_line(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD.replace("port = 1883", "port = = 1883"))[0][0] == line_of(GOOD, "port = 1883")


@pytest.mark.parametrize("text", ["", "[bank]\n", "bank = 3\nbroker = []\nlockers = 7\nboards = 1\nreaders = 2\n"])
def test_an_empty_or_strange_file_is_explained(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("path", "line"),
    [(("a",), 1), (("a", "b c"), 2), (("t", 1, "x"), 6), (("t", 0), 3), (("t", 0, "no"), 3), (("d", "e", "f"), 8)],
)
def test_lines_of_keys_are_found_in_tables_arrays_and_dotted_keys(path: tuple[str | int, ...], line: int) -> None:
    text = '[a]  # first\n"b c" = 1\n[[t]]\nx = 1\n[[t]]\nx = 2\n[d.e]\nf = 1\n'
    assert TomlLines(text).line(path) == line
