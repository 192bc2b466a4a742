"""The bench's HTTP interface on a real server: what people and tests do to a bank, and how refusals read."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import serial

from simulator.readers import rdm6300
from simulator.scenario import MONTREUIL
from simulator.serial_boards.xor_board import sealed


@pytest.fixture
def http(url: str) -> Any:
    with httpx.Client(base_url=url, timeout=10) as client:
        yield client


def locker(http: httpx.Client, number: int, bank: str = "montreuil-1") -> dict[str, Any]:
    lockers = http.get("/api/bank", params={"bank": bank}).json()["lockers"]
    return next(each for each in lockers if each["number"] == number)


def test_bank_is_montreuil_by_default_and_shows_lockers_badges_and_light(http: httpx.Client) -> None:
    bank = http.get("/api/bank").json()
    assert (bank["bank"], len(bank["lockers"]), bank["light"]) == ("montreuil-1", 24, "off")
    assert {"number", "door", "coil", "releases", "last_pulse_ms"} <= bank["lockers"][0].keys()
    assert [badge["label"] for badge in bank["badges"]][:2] == ["valid", "ended"]
    assert [each["name"] for each in http.get("/api/banks").json()["banks"]] == ["montreuil-1", "lille-1"]


def test_no_answer_ever_holds_a_badge_number(http: httpx.Client) -> None:
    for path in ("/api/bank", "/api/faults", "/api/banks", "/", "/openapi.json"):
        text = http.get(path).text
        assert not [badge.label for badge in MONTREUIL.badges if badge.number in text]


def test_tap_sends_the_badges_frame_for_as_long_as_it_is_held(http: httpx.Client, bench: Any) -> None:
    with serial.Serial(str(bench.montreuil.places.reader), 9600, timeout=2) as port:
        answer = http.post("/api/badges/ended/tap", json={"held_ms": 70})
        assert answer.json() == {"badge": "ended", "held_ms": 70}
        assert port.read(28) == rdm6300.frame(MONTREUIL.badges[1].number) * 2
        port.timeout = 0.2
        assert port.read(1) == b""


def test_latched_door_answers_409_and_stays_shut(http: httpx.Client) -> None:
    refused = http.post("/api/doors/3/open")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "latched" in refused.json()["detail"]
    assert locker(http, 3)["door"] == "closed"


def test_released_door_is_open_and_can_be_pushed_shut(http: httpx.Client, bench: Any, until: Callable) -> None:
    with serial.Serial(str(bench.montreuil.places.boards), 9600, timeout=5) as port:
        port.write(sealed((0x8A, 1, 3, 0x11)))
        port.read(5)
    until(lambda: locker(http, 3)["door"] == "open", "door 3 open")
    until(lambda: locker(http, 3)["last_pulse_ms"] == 300, "the pulse over")
    assert http.post("/api/doors/3/open").status_code == 200
    assert http.post("/api/doors/3/close").json() == {"number": 3, "door": "closed"}
    assert http.post("/api/doors/3/open").status_code == 409
    assert locker(http, 3)["releases"] == 1


def test_force_breaks_a_latched_door_open_on_the_bank_named(http: httpx.Client) -> None:
    assert http.post("/api/doors/2/force", params={"bank": "lille-1"}).json()["door"] == "open"
    assert locker(http, 2, "lille-1")["forced"]
    assert locker(http, 2)["door"] == "closed"


@pytest.mark.parametrize(
    ("method", "path", "body", "known"),
    [
        ("GET", "/api/bank?bank=paris", None, "lille-1"),
        ("POST", "/api/badges/nobody/tap", None, "suspended"),
        ("POST", "/api/doors/25/open", None, "24"),
        ("POST", "/api/faults/earthquake", {"on": True}, "door_jammed"),
        ("GET", "/api/stream?bank=paris", None, "montreuil-1"),
    ],
)
def test_unknown_name_gets_404_with_what_exists(
    http: httpx.Client, method: str, path: str, body: Any, known: str
) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == 404
    assert known in answer.json()["known"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/faults/door_jammed", {}),
        ("/api/faults/door_jammed", {"on": "perhaps"}),
        ("/api/faults/sensor_cut", {"on": True}),
        ("/api/doors/three/open", None),
        ("/api/badges/valid/tap", {"held_ms": -1}),
    ],
)
def test_unreadable_request_gets_a_422_problem(http: httpx.Client, path: str, body: Any) -> None:
    answer = http.post(path, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_site_faults_are_listed_but_not_available_without_a_supervisor(http: httpx.Client) -> None:
    faults = {each["name"]: each for each in http.get("/api/faults").json()["faults"]}
    for name in ("broker_down", "network_cut", "power_cut"):
        assert not faults[name]["available"]
        refused = http.post(f"/api/faults/{name}", json={"on": True})
        assert refused.status_code == 409
        assert "not available here" in refused.json()["detail"]
    assert faults["door_jammed"]["available"]


class Supervisor:
    """A site that remembers what it was asked to break."""

    def __init__(self) -> None:
        self.on: set[tuple[str, str]] = set()

    def faults(self, bank: str) -> frozenset[str]:
        return frozenset(name for name, of in self.on if of == bank)

    async def set_fault(self, name: str, bank: str, on: bool) -> None:
        (self.on.add if on else self.on.discard)((name, bank))


def test_supervisor_gets_the_faults_of_the_site(http: httpx.Client, bench: Any) -> None:
    bench.world.site = Supervisor()
    assert http.post("/api/faults/network_cut?bank=lille-1", json={"on": True}).status_code == 200
    assert bench.world.site.on == {("network_cut", "lille-1")}
    assert http.get("/api/bank?bank=lille-1").json()["faults"] == ["network_cut"]
    assert http.get("/api/bank").json()["faults"] == []


def test_power_cut_takes_the_power_from_the_bank_until_it_is_lifted(http: httpx.Client, bench: Any) -> None:
    bench.world.site = Supervisor()
    http.post("/api/faults/power_cut", json={"on": True})
    assert not http.get("/api/bank").json()["powered"]
    assert http.post("/api/badges/valid/tap").status_code == 409
    http.post("/api/faults/power_cut", json={"on": False})
    assert http.post("/api/badges/valid/tap").status_code == 200


def test_jam_without_a_number_takes_the_next_door_released(http: httpx.Client, bench: Any, until: Callable) -> None:
    http.post("/api/faults/door_jammed", json={"on": True})
    with serial.Serial(str(bench.montreuil.places.boards), 9600, timeout=5) as port:
        for channel in (6, 7):
            port.write(sealed((0x8A, 1, channel, 0x11)))
            port.read(5)
    until(lambda: locker(http, 7)["door"] == "open", "door 7 open")
    assert (locker(http, 6)["jammed"], locker(http, 6)["door"]) == (True, "closed")
    http.post("/api/faults/door_jammed", json={"on": False})
    assert not locker(http, 6)["jammed"]
    assert http.get("/api/bank").json()["faults"] == []


@pytest.mark.parametrize("name", ["board_silent", "board_unplugged"])
def test_board_faults_are_not_available_on_a_bank_without_serial_board(http: httpx.Client, name: str) -> None:
    refused = http.post(f"/api/faults/{name}?bank=lille-1", json={"on": True})
    assert refused.status_code == 409
    assert "no serial board" in refused.json()["detail"]


def test_every_listed_fault_goes_on_and_off_again(http: httpx.Client) -> None:
    for fault in http.get("/api/faults").json()["faults"]:
        if fault["available"]:
            for on in (True, False):
                assert http.post(f"/api/faults/{fault['name']}", json={"on": on, "number": 4}).status_code == 200
                assert (fault["name"] in http.get("/api/bank").json()["faults"]) is on


def test_light_is_what_the_pins_say(http: httpx.Client, bench: Any, until: Callable) -> None:
    from gpiozero import LED

    from simulator.pins import SimulatedPinFactory

    factory = SimulatedPinFactory(str(bench.montreuil.places.pins))
    assert MONTREUIL.light is not None
    amber = LED(MONTREUIL.light.amber, pin_factory=factory)
    buzzer = LED(MONTREUIL.light.buzzer, pin_factory=factory)
    amber.on()
    buzzer.on()
    until(lambda: http.get("/api/bank").json()["buzzer"], "the buzzer")
    assert http.get("/api/bank").json()["light"] == "amber"
    amber.off()
    until(lambda: http.get("/api/bank").json()["light"] == "off", "the light off")
    shown = [(each["light"], each["buzzer"]) for each in http.get("/api/bank").json()["light_changes"]]
    assert shown == [("amber", False), ("amber", True), ("off", True)]
    factory.close()


def test_stream_sends_the_bank_at_once_and_again_when_a_door_moves(http: httpx.Client, bench: Any) -> None:
    with http.stream("GET", "/api/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        pictures = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        assert next(pictures)["lockers"][0]["door"] == "closed"
        bench.do(lambda: bench.montreuil.force(1))
        assert next(pictures)["lockers"][0]["door"] == "open"


@pytest.mark.parametrize(
    ("params", "accepted", "language", "says"),
    [
        ({}, "pt-PT", "fr", "Les portes|Bloc de casiers Montreuil"),
        ({}, "en-GB,en;q=0.9,fr;q=0.5", "en", "Block of lockers Montreuil"),
        ({"lang": "fr"}, "en", "fr", "Bloc de casiers Montreuil"),
        ({"lang": "xx", "bank": "lille-1"}, "fr-CA", "fr", "Bloc de casiers Lille"),
    ],
)
def test_page_speaks_the_language_asked_for_or_accepted(
    http: httpx.Client, params: dict[str, str], accepted: str, language: str, says: str
) -> None:
    page = http.get("/", params=params, headers={"Accept-Language": accepted})
    assert f'<html lang="{language}">' in page.text
    assert says.rsplit("|", 1)[-1] in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "onclick" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_from_elsewhere_in_the_same_browser_moves_nothing(http: httpx.Client, headers: dict[str, str]) -> None:
    before = http.get("/api/bank").json()
    for path in ("/api/badges/valid/tap", "/api/doors/3/force"):
        refused = http.post(path, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert http.post("/api/faults/network_cut", json={"on": True}, headers=headers).status_code == 403
    after = http.get("/api/bank").json()
    assert (after["lockers"], after["light_changes"]) == (before["lockers"], before["light_changes"])


def test_the_bench_s_own_page_and_programs_may_act(http: httpx.Client, url: str) -> None:
    for headers in ({}, {"Origin": url, "Sec-Fetch-Site": "same-origin"}):
        assert http.post("/api/doors/3/force", headers=headers).status_code == 200
