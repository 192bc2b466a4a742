"""The command as a technician runs it: a process, a terminal's lines, signals, and the file it leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.bootstrap import sole_use
from controller.commission.commissioning import MAP_NAME, REPORT_NAME
from controller.commission.progress import load_progress
from controller.journal import NAME as JOURNAL
from controller.store import Store
from simulator.scenario import BankPlan, GpioPlan, XorPlan
from tests.integration.commission.conftest import DAY_MS, Site, entries_of, holder
from wire.access_list import AccessList
from wire.envelope import sign
from wire.messages import encode
from wire.topics import Topic

Make = Callable[..., Site]
PLAN = BankPlan("b", {"a": XorPlan(channels=3)}, light=None, readers={})


def inverted(text: str) -> str:
    return text.replace("open_bit = 1", "open_bit = 0   # a guess")


class Run:
    """One process of the command; its words are read as they come."""

    def __init__(self, here: Site, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controller", "commission", "--config", str(here.config), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def until(self, words: str, within_s: float = 20) -> None:
        """Read until these words have come (since the last that were waited for)."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + within_s
        while words not in self.text:
            assert time.monotonic() < deadline, f"{words!r} never came: {self.text}"
            assert self.process.poll() is None, f"it ended: {self.text}{self.process.stdout.read()!r}"
            self.text += (self.process.stdout.read() or b"").decode()
            time.sleep(0.01)
        self.text = self.text.partition(words)[2]

    def answer(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def end(self, how: signal.Signals | None = None) -> tuple[int, str]:
        """Its exit code and its last words."""
        if how is not None:
            self.process.send_signal(how)
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        code = self.process.wait(20)
        os.set_blocking(self.process.stdout.fileno(), True)
        self.text += self.process.stdout.read().decode()
        assert "Traceback" not in self.text
        self.process.stdout.close()
        self.process.stdin.close()
        return code, self.text


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    """Starts the command; whatever is left of it is killed."""
    runs: list[Run] = []

    def start(here: Site, *arguments: str) -> Run:
        runs.append(Run(here, *arguments))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


def coils(here: Site) -> list[bool]:
    return here.do(lambda: [door.coil for door in here.bank.doors.values()])


def test_unwatched_it_learns_writes_and_reports(site: Make, run: Callable[..., Run], tmp_path: Path) -> None:
    here = site(PLAN, inverted)
    before = here.config.read_text()
    arguments = ("--auto", "--json", "--map", str(tmp_path / "map.html"), "--watch-ms", "800")
    code, text = run(here, *arguments).end()
    report = json.loads(text.splitlines()[-1])
    assert (code, report["finished"], report["written"]) == (1, True, False), "nobody agreed to the change"
    assert here.config.read_text() == before
    assert [change["key"] for change in report["changes"]] == ["boards.a.open_bit"]
    code, text = run(here, *arguments, "--yes").end()
    report = json.loads(text.splitlines()[-1])
    assert (code, report["ok"], report["written"]) == (0, True, True)
    assert here.config.read_text() == before.replace("open_bit = 0   # a guess", "open_bit = 1   # a guess")
    assert here.releases() == [1, 1, 1], "the second run asked, and pulsed nothing again"
    assert "Bank b" in (tmp_path / "map.html").read_text()
    assert json.loads((here.data / REPORT_NAME).read_text()) == report


def test_a_technician_answers_line_by_line(site: Make, run: Callable[..., Run]) -> None:
    here = site(PLAN, inverted)
    here.bank.wires = {2: (3,), 3: ()}
    session = run(here, "--watch-ms", "800")
    session.until("Enter when they are shut")
    session.answer("")
    for number, answers in ((1, ["door one", ""]), (2, ["3"]), (3, ["0"])):
        session.until(f"channel {number}, door {number} by the file")
        for answer in answers:
            session.until("Which doors opened?")
            here.shut_doors()
            session.answer(answer)
    session.until("Enter when they are shut")
    session.answer("")
    session.until("+open_bit = 1")
    session.until("Write it? [y/N]")
    session.answer("y")
    code, text = session.end()
    assert code == 1, "door 2 has a fault"
    assert "is written" in text
    assert "open_bit = 1   # a guess" in here.config.read_text()
    report = json.loads((here.data / REPORT_NAME).read_text())
    assert [door["state"] for door in report["doors"]] == ["fine", "fail", "fail"]
    assert (here.data / MAP_NAME).exists()


@pytest.mark.parametrize("plan", [PLAN, BankPlan("b", {"a": GpioPlan((17, 27), (5, 6))}, light=None, readers={})])
def test_ctrl_c_in_a_pulse_leaves_coils_off_and_what_is_known(
    site: Make, run: Callable[..., Run], plan: BankPlan
) -> None:
    here = site(plan)
    before = here.config.read_text()
    session = run(here)
    session.until("Enter when they are shut")
    session.answer("")
    session.until("Which doors opened?")
    here.shut_doors()
    session.answer("1")
    deadline = time.monotonic() + 10
    while not coils(here)[1]:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    code, text = session.end(signal.SIGINT)
    assert (code, "goes on from here" in text) == (1, True)
    while any(coils(here)):  # a board ends its own pulse
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kept = load_progress(here.data)
    assert kept is not None
    assert [trial.channel for trial in kept.trials] == [1]
    said = [entry["type"] for entry in entries_of(here)]
    assert said[-3:] == ["release_intended", "release_unknown", "stopping"]
    assert here.config.read_text() == before


def test_killed_between_pulse_and_answer_it_says_so_and_pulses_only_when_told(
    site: Make, run: Callable[..., Run]
) -> None:
    here = site(PLAN)
    session = run(here)
    session.until("Enter when they are shut")
    session.answer("")
    session.until("Which doors opened?")
    session.end(signal.SIGKILL)
    here.shut_doors()
    again = run(here)
    again.until("Nobody saw how the last pulse of locker 1 ended")
    again.until("Enter when they are shut")
    assert here.releases() == [1, 0, 0]
    again.answer("q")
    assert again.end()[0] == 1


def test_beside_a_running_controller_it_does_nothing(site: Make, run: Callable[..., Run]) -> None:
    here = site(PLAN)
    with sole_use(here.data):
        code, text = run(here, "--auto").end()
    assert code == 1
    assert "stop it first" in text
    assert here.releases() == [0, 0, 0]


def test_a_holders_locker_is_left_alone_by_the_list_on_disk(site: Make, run: Callable[..., Run]) -> None:
    here = site(PLAN)
    put_list(here, 2)
    code, text = run(here, "--auto", "--json", "--watch-ms", "800").end()
    report = json.loads(text.splitlines()[-1])
    assert code == 0
    assert here.releases() == [1, 0, 1]
    assert [door["state"] for door in report["doors"]] == ["fine", "held", "fine"]


def test_a_file_that_may_not_be_written_is_left_beside(site: Make, run: Callable[..., Run]) -> None:
    here = site(BankPlan("b", {"a": XorPlan(channels=2)}, light=None, readers={}), inverted)
    before = here.config.read_text()
    folder = here.config.parent / "etc"
    folder.mkdir()
    here.config.rename(folder / "bank.toml")
    (folder / ".bank.toml.new").mkdir()  # root may write anywhere: a draft that cannot be made stands for it
    here.config = folder / "bank.toml"
    code, text = run(here, "--auto", "--yes", "--watch-ms", "800").end()
    assert code == 1
    assert "install -m 644" in text
    assert here.config.read_text() == before
    assert (here.data / "commission-bank.toml").read_text() == before.replace("open_bit = 0 ", "open_bit = 1 ")


def put_list(here: Site, locker: int) -> None:
    """A list on the controller's disk in which somebody holds a locker."""
    now = time.time_ns() // 1_000_000
    access = AccessList("b", now, now, now + 30 * DAY_MS, "Europe/Paris", {}, ("k1",), (holder(locker),), ())
    envelope = sign(Ed25519PrivateKey.generate(), Topic.ACCESS, encode(access))
    store = Store(here.data / JOURNAL)
    store.begin()
    store.put_state({"list": envelope, "list_version": msgspec.json.encode(now), "kept": b"[]"})
    store.commit()
    store.close()
