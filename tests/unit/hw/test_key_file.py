"""Keys of devices: read only from a file that nobody else can read, and never shown."""

from pathlib import Path

import pytest

from hw.errors import KeyUnusable
from hw.key_file import read_key

DIGITS = "00112233445566778899aabbccddeeff"


def kept(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "site.key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("text", [DIGITS, DIGITS.upper() + "\n", "0011 2233 4455 6677 8899 aabb ccdd eeff\n"])
def test_a_key_is_32_hex_digits(tmp_path: Path, text: str) -> None:
    assert read_key(kept(tmp_path, text)) == bytes.fromhex(DIGITS)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyUnusable, match="chmod 600") as caught:
        read_key(kept(tmp_path, DIGITS, mode))
    assert caught.value.code == "permission"


def test_a_key_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="32 hex digits") as caught:
        read_key(tmp_path / "none")
    assert caught.value.code == "missing"


@pytest.mark.parametrize("text", ["", DIGITS[:-1], DIGITS + "0", "secret words that are no key"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyUnusable) as caught:
        read_key(kept(tmp_path, text))
    assert caught.value.code == "failed"
    assert not text or text not in str(caught.value)
