"""What the doctor says of certificates and of the way to the broker."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.config import BankFile, BrokerSection, TlsSection
from controller.technician.doctor import broker
from controller.technician.doctor.findings import Finding


def judged(tls: TlsSection) -> dict[str, Finding]:
    return {each.what: each for each in broker.certificates(tls, "montreuil-1", datetime.now(UTC))}


def at(bank: BankFile, port: int, host: str = "127.0.0.1") -> BankFile:
    from dataclasses import replace

    return replace(bank, broker=BrokerSection(host, port))


def test_a_certificate_in_order_passes(make_tls: Callable[..., TlsSection]) -> None:
    assert {each.level for each in judged(make_tls()).values()} == {"pass"}


@pytest.mark.parametrize(
    ("from_days", "to_days", "level", "said"),
    [
        (-400, -1, "fail", "expired on"),
        (1, 400, "fail", "not valid before"),
        (-400, 29.5, "warn", "expires in 29 days"),
        (-400, 31, "pass", "valid until"),
    ],
)
def test_the_dates_of_a_certificate_are_judged(
    make_tls: Callable[..., TlsSection], from_days: float, to_days: float, level: str, said: str
) -> None:
    found = judged(make_tls(from_days=from_days, to_days=to_days))["certificate"]
    assert (found.level, said in found.text) == (level, True)


def test_a_certificate_made_out_to_someone_else_is_doubtful(make_tls: Callable[..., TlsSection]) -> None:
    found = judged(make_tls("lille-1"))["certificate's name"]
    assert (found.level, "lille-1, not to montreuil-1" in found.text) == ("warn", True)


def test_a_key_of_another_certificate_or_open_to_others_is_told(
    make_tls: Callable[..., TlsSection], tmp_path: Path
) -> None:
    tls = make_tls()
    os.chmod(tls.key, 0o644)
    assert judged(tls)["private key"].level == "warn"
    certificate = Path(tls.certificate).read_bytes()
    tls = make_tls()
    Path(tls.certificate).write_bytes(certificate)
    assert judged(tls)["private key"].level == "fail"


@pytest.mark.parametrize("wreck", ["missing", "garbage"])
def test_files_that_cannot_be_read_are_named(make_tls: Callable[..., TlsSection], wreck: str) -> None:
    tls = make_tls()
    path = Path(tls.certificate)
    path.unlink() if wreck == "missing" else path.write_text("not PEM")
    (found,) = judged(tls).values()
    assert (found.level, tls.certificate in found.mend) == ("fail", True)


def test_a_broker_that_is_down_a_name_nobody_knows_and_a_port_without_mqtt_are_told(bank: BankFile) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        (found,) = broker.judge(at(bank, port), {"connected": False})
        assert (found.level, "has no session" in found.text) == ("fail", True)
    (found,) = broker.judge(at(bank, port), None)
    assert (found.level, "Connection refused" in found.text) == ("fail", True)


def test_a_remote_broker_without_certificates_is_doubtful(bank: BankFile) -> None:
    without, connected = broker.judge(at(bank, 1883, "broker.example"), {"connected": True})
    assert (without.of, without.level, connected.level) == ("certificate", "warn", "pass")
