"""A broker as on a real site: certificates on both sides, and clients named by them."""

import datetime as dt
import ipaddress
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.link.connection import Connection, Tls
from tests.integration.gateway.conftest import Gateway, free_port
from tests.integration.gateway.scripted import soon

_NOW = dt.datetime.now(dt.UTC)


class Authority:
    """Issues certificates for tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        ski = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        built = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(True, None), critical=True)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        built = built.add_extension(ski, critical=False).add_extension(usage, critical=True)
        (folder / "ca.pem").write_bytes(_pem(built.sign(self.key, hashes.SHA256())))

    def issue(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = self._builder(subject, key).add_extension(address, critical=False).add_extension(issuer, critical=False)
        (self.folder / f"{name}.pem").write_bytes(_pem(built.sign(self.key, hashes.SHA256())))
        (self.folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - dt.timedelta(days=1))
            .not_valid_after(_NOW + dt.timedelta(days=2))
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    authority = Authority(tmp_path)
    authority.issue("broker")
    authority.issue("casier.gateway")
    return tmp_path


@contextmanager
def broker(certificates: Path, port: int) -> Iterator[None]:
    """With the certificates that are there now."""
    (certificates / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\nrequire_certificate true\nuser root\n"
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/broker.pem\nkeyfile {certificates}/broker.key\n"
        "use_identity_as_username true\nuse_username_as_clientid true\nset_tcp_nodelay true\n"
    )
    process = subprocess.Popen(
        [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", certificates / "mosquitto.conf"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def port(certificates: Path) -> Iterator[int]:
    chosen = free_port()
    with broker(certificates, chosen):
        yield chosen


@pytest.fixture
def connection(certificates: Path) -> Iterator[Connection]:
    """The gateway's, with its files; not started."""
    own = certificates / "casier.gateway"
    made = Connection("casier.gateway", Tls(certificates / "ca.pem", Path(f"{own}.pem"), Path(f"{own}.key")))
    yield made
    made.stop()


def connected_and_lost(certificates: Path, connection: Connection) -> int:
    """The port on which the broker was that it had, and that is gone."""
    port = free_port()
    with broker(certificates, port):
        connection.start("127.0.0.1", port)
        soon(lambda: connection.is_connected)
    soon(lambda: not connection.is_connected)
    return port


def test_certificates_of_a_new_authority_count_from_the_next_connection_on(
    certificates: Path, connection: Connection
) -> None:
    port = connected_and_lost(certificates, connection)
    renewed = Authority(certificates)
    renewed.issue("broker")
    renewed.issue("casier.gateway")
    with broker(certificates, port):
        soon(lambda: connection.is_connected, 30)


def test_a_certificate_without_its_key_yet_leaves_the_old_pair_in_use(
    certificates: Path, connection: Connection
) -> None:
    port = connected_and_lost(certificates, connection)
    shutil.copy(certificates / "broker.pem", certificates / "casier.gateway.pem")
    with broker(certificates, port):
        soon(lambda: connection.is_connected, 30)


def test_one_certificate_is_enough_and_the_connection_stands(
    certificates: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(certificates / "data", port)
    tls = {
        "CASIER_BROKER_CA": str(certificates / "ca.pem"),
        "CASIER_BROKER_CERTIFICATE": str(certificates / "casier.gateway.pem"),
        "CASIER_BROKER_KEY": str(certificates / "casier.gateway.key"),
    }
    plain = gateway.environment
    monkeypatch.setattr(Gateway, "environment", property(lambda _self: plain | tls))
    gateway.sign_in()
    gateway.start()
    gateway.stop()
    assert gateway.log_text().count("broker_connected") == 1
