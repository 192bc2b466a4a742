"""The connection to a broker that asks for a certificate, as a real site has it."""

import asyncio
import datetime
import gc
import ipaddress
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.config import BrokerSection, TlsSection
from controller.errors import LinkError, NotAcceptedError
from controller.mqtt_connection import MqttConnection

DAY = datetime.timedelta(days=1)


class Authority:
    """Makes an authority's certificate, and others signed by it, as PEM files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self._write(f"{name}.pem", self._certificate(self._name, self._key, authority=True))

    def issue(self, name: str, ends: datetime.timedelta = DAY) -> tuple[str, str]:
        """Files of a certificate and its key; it ends so long from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._write(f"{name}.crt", self._certificate(subject, key, ends)), self._write(f"{name}.key", pem)

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime.timedelta = DAY, *,
        authority: bool = False,
    ) -> bytes:  # fmt: skip
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self._name)
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _write(self, name: str, data: bytes) -> str:
        path = self._folder / name
        path.write_bytes(data)
        path.chmod(0o644)
        return str(path)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[int, Authority]]:
    """A mosquitto that asks every client for a certificate of the site's authority."""
    mosquitto = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if mosquitto is None:
        pytest.skip("mosquitto is not installed")
    authority = Authority(tmp_path, "site")
    certificate, key = authority.issue("broker")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\ncafile {authority.file}\ncertfile {certificate}\nkeyfile {key}\n"
        "require_certificate true\nuse_identity_as_username true\nuse_username_as_clientid true\n"
        f"user {os.environ.get('USER') or 'root'}\n"
    )
    process = subprocess.Popen([mosquitto, "-c", str(conf)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield port, authority
    process.kill()
    process.wait()


async def exchange(port: int, tls: TlsSection) -> bytes:
    """Connect, and hear a large message of one's own: larger than one TLS record."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    connection = MqttConnection(
        BrokerSection("127.0.0.1", port, tls), "bank-1", "t/will", b"gone", lambda _t, data, _r: heard.set_result(data)
    )
    try:
        await connection.open()
        await connection.subscribe(["t/echo"])
        connection.publish("t/echo", b"x" * 200_000, qos=1)
        async with asyncio.timeout(10):
            return await heard
    finally:
        connection.close()
        await asyncio.sleep(0)


def _open_sockets() -> int:
    return sum(
        os.readlink(each.path).startswith("socket:") for each in os.scandir("/proc/self/fd") if each.is_symlink()
    )


def test_a_controller_with_its_certificate_is_let_in_and_large_messages_pass(site: tuple[int, Authority]) -> None:
    port, authority = site
    tls = TlsSection(authority.file, *authority.issue("bank-1"))
    assert asyncio.run(exchange(port, tls)) == b"x" * 200_000


# paho leaves the socket of a failed handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_of_another_authority_is_not_talked_to(site: tuple[int, Authority], tmp_path: Path) -> None:
    port, authority = site
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "stranger")
    gc.disable()
    try:
        before = _open_sockets()
        with pytest.raises(NotAcceptedError, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(exchange(port, TlsSection(stranger.file, *authority.issue("bank-1"))))
        assert _open_sockets() == before, "a try every half minute, for days"
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_that_has_ended_is_refused_and_a_new_one_in_its_place_is_taken_at_once(
    site: tuple[int, Authority],
) -> None:
    port, authority = site
    tls = TlsSection(authority.file, *authority.issue("bank-1", ends=-DAY))
    with pytest.raises(LinkError):
        asyncio.run(exchange(port, tls))
    assert TlsSection(authority.file, *authority.issue("bank-1")) == tls
    assert asyncio.run(exchange(port, tls)) == b"x" * 200_000


def test_files_that_cannot_be_used_are_named_and_nobody_has_the_will(site: tuple[int, Authority]) -> None:
    port, authority = site
    certificate, _ = authority.issue("bank-1")
    missing = str(Path(authority.file).with_name("missing.key"))
    with pytest.raises(NotAcceptedError, match=r"files of \[broker.tls\] cannot be used .*missing.key"):
        asyncio.run(exchange(port, TlsSection(authority.file, certificate, missing)))


def test_a_disk_that_does_not_hand_out_the_certificates_keeps_no_door_waiting(site: tuple[int, Authority]) -> None:
    port, authority = site
    stuck = Path(authority.file).with_name("stuck.pem")
    os.mkfifo(stuck)  # whoever opens it waits for somebody to write

    async def run() -> None:
        opening = asyncio.ensure_future(exchange(port, TlsSection(str(stuck), *authority.issue("bank-1"))))
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert not opening.done()
        os.close(os.open(stuck, os.O_WRONLY))  # waits until it is being read; nothing is in it
        with pytest.raises(NotAcceptedError, match="cannot be used"):
            await opening

    asyncio.run(run())
