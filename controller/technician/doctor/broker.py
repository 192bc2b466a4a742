"""The way to the gateway: name, port, certificates, and whether an MQTT broker accepts this controller there."""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from controller.config import BankFile, BrokerSection, TlsSection
from controller.technician.doctor.findings import Finding, broken, doubtful, well

SOON_DAYS = 30
WITHIN_S = 5.0
_LOCAL = ("localhost", "127.0.0.1", "::1")


def judge(bank: BankFile, status: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Certificates first, then the connection; `status` is the running controller's word, None if none runs.

    While a controller runs only the handshake is tried: a second session in its name would end the first.
    """
    broker = bank.broker
    if broker.tls is not None:
        yield from certificates(broker.tls, bank.controller, datetime.now(UTC))
    elif broker.host not in _LOCAL:
        mend = "give the table [broker.tls] with ca, certificate and key (deploy/README.md)"
        yield doubtful("certificate", "certificate", "none: whoever is on the network can listen", mend)
    what = f"broker {broker.host}:{broker.port}"
    if status is not None and status["connected"]:
        yield well("broker", what, "the controller is connected")
        return
    refused = _handshake(broker)
    if refused is not None:
        yield broken("broker", what, *refused)
    elif status is None:
        yield _session(bank, what)
    else:
        mend = "look at the gateway, and whether its broker lets this controller in (its log names the certificate)"
        yield broken("broker", what, "it is reached, but the controller has no session with it", mend)


def certificates(tls: TlsSection, controller: str, now: datetime) -> Iterator[Finding]:
    """The files of [broker.tls]: readable, in date, ours, and belonging together."""
    try:
        authority = x509.load_pem_x509_certificate(Path(tls.ca).read_bytes())
        certificate = x509.load_pem_x509_certificate(Path(tls.certificate).read_bytes())
        key = load_pem_private_key(Path(tls.key).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        files = f"{tls.ca}, {tls.certificate}, {tls.key}"
        mend = f"give these files in PEM form to the user of the service: {files}"
        yield broken("certificate", "certificate", f"cannot be read: {error}", mend)
        return
    yield _in_date("authority", authority, now)
    yield _in_date("certificate", certificate, now)
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        yield broken("certificate", "private key", "does not belong to the certificate", f"replace {tls.key}")
    elif Path(tls.key).stat().st_mode & 0o077:
        yield doubtful("certificate", "private key", "others can read it", f"chmod 600 {tls.key}")
    else:
        yield well("certificate", "private key", "belongs to the certificate")
    names = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [controller]:
        text = f"it is made out to {', '.join(names) or 'nobody'}, not to {controller}"
        yield doubtful("certificate", "certificate's name", text, "the broker knows a controller by it: make a new one")


def _in_date(what: str, certificate: x509.Certificate, now: datetime) -> Finding:
    until = certificate.not_valid_after_utc
    day = f"{until:%Y-%m-%d}"
    if now > until:
        return broken("certificate", what, f"expired on {day}", "make a new one and put it in place (deploy/README.md)")
    if now < certificate.not_valid_before_utc:
        text = f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        return broken("certificate", what, text, "look at this machine's clock first, then at the certificate")
    left = (until - now).days
    if left < SOON_DAYS:
        return doubtful("certificate", what, f"expires in {left} days, on {day}", "make a new one in time")
    return well("certificate", what, f"valid until {day}")


def _handshake(broker: BrokerSection) -> tuple[str, str] | None:
    """What is wrong with the way there and the mend, None if the door opens. Nothing of MQTT is said."""
    try:
        with socket.create_connection((broker.host, broker.port), WITHIN_S) as connection:
            if broker.tls is not None:
                with _context(broker.tls).wrap_socket(connection, server_hostname=broker.host) as secured:
                    secured.getpeercert()
    except socket.gaierror as error:
        return f"its name is not known here: {error.strerror}", "look at the network, the DNS and [broker] host"
    except ssl.SSLCertVerificationError as error:
        mend = "look at this machine's clock, at the broker's certificate, and whether [broker.tls] ca made it"
        return f"its certificate is refused: {error.verify_message}", mend
    except ssl.SSLError as error:
        return f"TLS failed: {error.reason}", "look whether the port is the broker's TLS port, and at the certificates"
    except TimeoutError:
        return "no answer in time", "look at the network and the firewall between here and the broker"
    except OSError as error:
        return f"cannot be reached: {error.strerror}", "see that the broker runs, and at [broker] host and port"
    return None


def _context(tls: TlsSection) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    context.load_cert_chain(tls.certificate, tls.key)
    return context


def _session(bank: BankFile, what: str) -> Finding:
    """Connect as this controller, as it would itself, and leave again."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    broker = bank.broker
    client = Client(CallbackAPIVersion.VERSION2, bank.controller, protocol=MQTTProtocolVersion.MQTTv5)
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(str(reason))
    if broker.tls is not None:
        client.tls_set(ca_certs=broker.tls.ca, certfile=broker.tls.certificate, keyfile=broker.tls.key)
    try:
        client.connect(broker.host, broker.port, clean_start=True)
        until = time.monotonic() + WITHIN_S
        while not answers and time.monotonic() < until and not client.loop(0.1):
            pass
        client.disconnect()
        client.loop(0.1)
    except (OSError, ValueError) as error:
        return broken("broker", what, f"no MQTT there: {error}", "look at [broker] host and port")
    if answers == ["Success"]:
        return well("broker", what, "it lets this controller in")
    if not answers:
        return broken("broker", what, "it does not answer as an MQTT 5 broker", "look at [broker] host and port")
    return broken("broker", what, f"it refuses this controller: {answers[0]}", "look at the broker's list of who may")
