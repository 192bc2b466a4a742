"""No raw badge number, name or secret in a log, an MQTT topic or payload, or on the controller's disk."""

import json
from pathlib import Path

import msgspec

from simulator.people import PEOPLE, STRANGERS
from tests.e2e.demo.site_under_test import Site, eventually
from wire.envelope import Envelope


def secrets_of(site: Site) -> list[bytes]:
    """What must not be found: numbers in the forms they have on wires and in code, names, passwords, tokens."""
    numbers = [*(each.badge for each in PEOPLE), *STRANGERS.values()]
    forms = [form.encode() for number in numbers for form in (number, number.lower())]
    forms += [bytes.fromhex(number) for number in numbers]
    names = [each.name.encode() for each in PEOPLE]
    account = json.loads((site.state / "credentials.json").read_text())
    return [*forms, *names, account["password"].encode(), account["api_token"].encode()]


def files_below(folder: Path) -> list[Path]:
    """Every plain file."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_neither_the_controllers_disk_nor_any_log_tells_who_came(site: Site) -> None:
    since = site.newest_event()
    for label in ("valid", "unknown", "suspended"):
        site.tap(label)
    site.sees("door_opened", since, locker=1)
    site.sees("badge_refused", since, why="unknown")
    places = [file for bank in ("montreuil-1", "lille-1") for file in files_below(site.state / bank / "controller")]
    places += [path for path in site.state.rglob("*.log") if path.is_file()]
    assert len(places) > 8
    for path in places:
        content = path.read_bytes()
        assert [secret for secret in secrets_of(site) if secret in content] == [], path


def test_nothing_on_the_broker_tells_who_came(site: Site) -> None:
    since = site.newest_event()
    site.tap("unknown")
    site.sees("badge_refused", since, why="unknown")
    eventually("every kind of message was heard", lambda: {"status", "events", "access"} <= kinds(site), 20)
    for heard in [each for each in site.heard if each.payload not in site.said]:
        payload = msgspec.json.decode(heard.payload, type=Envelope).payload
        for content in (heard.topic.encode(), payload):
            assert [secret for secret in secrets_of(site) if secret in content] == [], heard.topic


def kinds(site: Site) -> set[str]:
    """The last levels of the topics heard."""
    return {heard.topic.rsplit("/", 1)[1] for heard in site.heard}
