"""Keys: files that a power cut cannot halve, tokens that people copy, and badge keys sealed to one controller."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hmac import HMAC
from pytest_mock import MockerFixture

from wire import keys
from wire.errors import KeyMaterialError

RAW = bytes(range(32))


class PowerCutError(Exception):
    """Raised where the power goes."""


def _code(call: object, *arguments: object) -> str:
    with pytest.raises(KeyMaterialError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_a_key_is_made_once_and_then_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "device.key"
    first = keys.load_or_make_key(path)
    assert len(first) == 32
    assert keys.load_or_make_key(path) == first == path.read_bytes()
    assert [child.name for child in path.parent.iterdir()] == ["device.key"]


def test_two_keys_differ(tmp_path: Path) -> None:
    assert keys.load_or_make_key(tmp_path / "a") != keys.load_or_make_key(tmp_path / "b")


def test_only_the_owner_may_read_a_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys.load_or_make_key(tmp_path / "key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_draft_that_a_power_cut_left_readable_is_not_written_into(tmp_path: Path) -> None:
    draft = tmp_path / "key.new"
    draft.write_bytes(b"half")
    draft.chmod(0o644)
    keys.load_or_make_key(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("moment", ["os.open", "os.urandom", "os.fsync", "pathlib.Path.replace"])
def test_a_power_cut_leaves_no_key_or_a_whole_one(moment: str, tmp_path: Path, mocker: MockerFixture) -> None:
    path = tmp_path / "key"
    cut = mocker.patch(moment, side_effect=PowerCutError)
    with pytest.raises(PowerCutError):
        keys.load_or_make_key(path)
    mocker.stop(cut)
    assert not path.exists()
    assert len(keys.load_or_make_key(path)) == 32


def test_a_key_is_on_the_disk_before_it_has_its_name(tmp_path: Path, mocker: MockerFixture) -> None:
    steps = mocker.Mock()
    steps.attach_mock(mocker.patch("wire.keys.os.fsync", wraps=os.fsync), "fsync")
    real_replace = Path.replace
    mocker.patch.object(Path, "replace", lambda draft, target: (steps.replace(), real_replace(draft, target)))
    keys.load_or_make_key(tmp_path / "key")
    assert [step[0] for step in steps.mock_calls] == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_file_that_is_no_key_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    assert _code(keys.load_or_make_key, path) == "file"
    assert path.read_bytes() == content


def test_a_signing_key_comes_from_its_file(tmp_path: Path) -> None:
    signing = keys.load_or_make_signing_key(tmp_path / "a")
    assert signing.private_bytes_raw() == (tmp_path / "a").read_bytes()


def test_a_token_is_base64url_without_padding() -> None:
    assert keys.to_token(b"\xfb\xef\xbe" * 10 + b"\xff\xff").startswith("--------")
    assert keys.to_token(RAW) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # base64 | tr +/ -_ | tr -d =


@pytest.mark.parametrize("text", ["{}", "  {}\n", "{}="])
def test_a_token_is_read_as_people_paste_it(text: str) -> None:
    assert keys.from_token(text.format(keys.to_token(RAW))) == RAW


@pytest.mark.parametrize(
    "text",
    ["", "A" * 42, "A" * 44, "A" * 42 + "!", "é" * 43, "A B" * 14, keys.to_token(RAW)[:-1], keys.to_token(RAW) * 2],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert _code(keys.from_token, text) == "token"


def test_the_keys_of_a_controller_are_copied_as_one_line() -> None:
    line = keys.controller_token(RAW, RAW[::-1])
    assert keys.parse_controller_token(f" {line}\n") == (RAW, RAW[::-1])


@pytest.mark.parametrize(
    "text", ["", ".", keys.to_token(RAW), keys.to_token(RAW) + ".", "a.b", keys.controller_token(RAW, RAW) + ".x"]
)
def test_half_a_line_is_refused(text: str) -> None:
    assert _code(keys.parse_controller_token, text) == "token"


@pytest.mark.parametrize("raw", [b"", RAW[:31], RAW + b"\0"])
def test_a_public_key_of_another_length_is_refused(raw: bytes) -> None:
    assert _code(keys.signing_public, raw) == "key"


def test_a_sealed_key_opens_for_its_controller_and_context() -> None:
    recipient = X25519PrivateKey.generate()
    sealed = keys.seal(RAW, recipient.public_key().public_bytes_raw(), "montreuil-1/site-2026")
    assert RAW not in sealed
    assert keys.unseal(sealed, recipient, "montreuil-1/site-2026") == RAW


def test_a_sealed_key_is_standard_hpke() -> None:
    """Opened by the steps of RFC 9180, sections 4.1 and 5.1, written out here."""
    recipient = X25519PrivateKey.generate()
    public = recipient.public_key().public_bytes_raw()
    sealed = keys.seal(RAW, public, "montreuil-1/site-2026")
    shared, cipher = sealed[:32], sealed[32:]

    def hmac(key: bytes, data: bytes) -> bytes:
        mac = HMAC(key, hashes.SHA256())
        mac.update(data)
        return mac.finalize()

    def extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
        return hmac(salt or bytes(32), b"HPKE-v1" + suite + label + secret)

    def expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
        return hmac(secret, length.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01")[:length]

    kem = b"KEM" + (0x20).to_bytes(2)
    suite = b"HPKE" + b"".join(number.to_bytes(2) for number in (0x20, 1, 3))
    exchanged = recipient.exchange(X25519PublicKey.from_public_bytes(shared))
    prk = extract(kem, b"", b"eae_prk", exchanged)
    secret = expand(kem, prk, b"shared_secret", shared + public, 32)
    context = (
        b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", b"montreuil-1/site-2026")
    )
    schedule = extract(suite, secret, b"secret", b"")
    key = expand(suite, schedule, b"key", context, 32)
    nonce = expand(suite, schedule, b"base_nonce", context, 12)
    assert ChaCha20Poly1305(key).decrypt(nonce, cipher, b"") == RAW


def test_a_sealed_key_does_not_open_for_another_controller_or_under_another_id() -> None:
    recipient = X25519PrivateKey.generate()
    sealed = keys.seal(RAW, recipient.public_key().public_bytes_raw(), "montreuil-1/site-2026")
    assert _code(keys.unseal, sealed, X25519PrivateKey.generate(), "montreuil-1/site-2026") == "sealed"
    assert _code(keys.unseal, sealed, recipient, "montreuil-1/site-2025") == "sealed"
    assert _code(keys.unseal, sealed, recipient, "lille-1/site-2026") == "sealed"


@pytest.mark.parametrize("sealed", [b"", b"x" * 31, bytes(32), bytes(64), b"x" * 80])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    assert _code(keys.unseal, sealed, X25519PrivateKey.generate(), "c") == "sealed"


@pytest.mark.parametrize("public", [b"", RAW[:31], bytes(32)])
def test_nothing_is_sealed_to_what_is_no_key(public: bytes) -> None:
    assert _code(keys.seal, RAW, public, "c") == "key"


def test_sealing_twice_gives_two_texts() -> None:
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    assert keys.seal(RAW, public, "c") != keys.seal(RAW, public, "c")
