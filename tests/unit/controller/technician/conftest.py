"""A bank's file to look at, and certificates with any dates."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from controller.config import BankFile, TlsSection, load

BANK = """
[bank]
controller = "montreuil-1"
zone = "Europe/Paris"
data_dir = "data"
[broker]
host = "127.0.0.1"
[readers.entrance]
driver = "rdm6300"
port = "/dev/serial/by-path/reader"
[boards.a]
driver = "xor_board"
port = "/dev/ttyUSB0"
address = 1
channels = 24
[boards.pins]
driver = "gpio"
locks = [16, 17]
doors = [22, 23]
[[lockers]]
numbers = "1-24"
board = "a"
channels = "1-24"
[[lockers]]
numbers = "25-26"
board = "pins"
channels = "1-2"
"""


@pytest.fixture
def bank(tmp_path: Path) -> BankFile:
    (tmp_path / "bank.toml").write_text(BANK)
    (tmp_path / "data").mkdir()
    return load(tmp_path / "bank.toml")


@pytest.fixture
def make_tls(tmp_path: Path) -> Callable[..., TlsSection]:
    """`make_tls(name, from_days, to_days)`: an authority and a certificate of `name`, valid so many days from now."""

    def make(name: str = "montreuil-1", from_days: float = -1, to_days: float = 365) -> TlsSection:
        key = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)

        def certificate(first: float, last: float) -> bytes:
            builder = (
                x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
                .not_valid_before(now + timedelta(days=first))
                .not_valid_after(now + timedelta(days=last))
                .add_extension(x509.BasicConstraints(True, None), critical=True)
            )
            return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)

        files = {part: tmp_path / f"{part}.pem" for part in ("ca", "certificate", "key")}
        files["ca"].write_bytes(certificate(-1, 3_650))
        files["certificate"].write_bytes(certificate(from_days, to_days))
        files["key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        files["key"].chmod(0o600)
        return TlsSection(**{part: str(path) for part, path in files.items()})

    return make
