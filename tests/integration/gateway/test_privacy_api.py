"""Over HTTP: a person's export, openings with a reason, and a letter that really arrives."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from tests.integration.gateway.conftest import Gateway, Join
from tests.integration.gateway.scripted import ScriptedController, now_ms, soon
from tests.unit.gateway.journal import Journal
from wire.topics import Topic


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """An apprise address on this machine, and what it received."""
    received: list[dict[str, str]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/s3cret", received
    server.shutdown()
    thread.join()
    server.server_close()


def happens(controller: ScriptedController, kind: str) -> None:
    journal = Journal(controller.bank).start(at=now_ms())
    journal.write(kind, now_ms(), locker=3)
    controller.publish(Topic.EVENTS, journal.batch(1))
    controller.receipt(journal.epoch, 2)


def client(gateway: Gateway, role: str) -> httpx.Client:
    account = json.loads(gateway.run("staff", "add", f"{role}2@example.org", "--role", role, "--json").stdout)
    token = json.loads(gateway.run("token", "add", account["email"], "--json").stdout)["api_token"]
    return httpx.Client(base_url=f"{gateway.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20)


def test_what_happens_at_a_door_reaches_an_address_and_says_no_name(gateway: Gateway, join: Join, mailbox) -> None:
    address, received = mailbox
    controller = join()
    with client(gateway, "operator") as operator:
        wanted = {"label": "Mobile", "address": address, "language": "en"}
        added = operator.post("/alerts/channels", json=wanted)
        assert added.status_code == 201, added.text
        assert "s3cret" not in added.text + operator.get("/alerts/channels").text
        assert operator.post(f"/alerts/channels/{added.json()['id']}/try").status_code == 204
        assert received[0]["title"] == "Casier: a trial"
        person = gateway.call("POST", "/people", 201, name="Nadia Benali")
        happens(controller, "door_forced")
        soon(lambda: len(received) == 2, within_s=30)
        assert received[1]["title"].endswith("Locker 3")
        assert not any(word in json.dumps(received) for word in ("Nadia", person["id"]))
        soon(lambda: [one["state"] for one in operator.get("/alerts/letters").json()["items"]] == ["sent"])
    assert gateway.api.get("/api/v1/alerts/letters").status_code == 403
    assert "s3cret" not in gateway.log_text()


def test_a_person_s_file_is_exported_and_openings_are_read_with_a_reason(gateway: Gateway, join: Join) -> None:
    controller = join()
    person = gateway.call("POST", "/people", 201, name="Nadia Benali")
    found = gateway.call("GET", f"/people/{person['id']}/export")
    assert found["tables"]["person"][0]["name"] == "Nadia Benali"
    happens(controller, "door_opened")
    soon(lambda: gateway.call("GET", "/events?kind=door_opened")["items"])
    asked = {"bank": "montreuil-1", "locker": 3, "reason": "incident", "note": "A bag is missing since Monday",
             "from_at": now_ms() - 86_400_000, "until_at": now_ms() + 60_000}  # fmt: skip
    leave = gateway.call("POST", "/openings", 201, **asked)
    kinds = [item["kind"] for item in gateway.call("GET", f"/openings/{leave['id']}")["items"]]
    assert kinds == ["door_opened"]
    assert gateway.call("POST", "/openings", 422, **{**asked, "note": ""})["code"] == "note"
    with client(gateway, "volunteer") as volunteer:
        assert volunteer.get(f"/people/{person['id']}/export").status_code == 403
        assert volunteer.get(f"/openings/{leave['id']}").status_code == 403
    with client(gateway, "worker") as other:
        assert other.get(f"/openings/{leave['id']}").json()["code"] == "request"
