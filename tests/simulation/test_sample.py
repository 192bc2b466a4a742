"""A sample of the world: towns through all faults, the same again elsewhere, and a planted defect that is found."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import typer

from controller.access_lists import AccessLists
from simulator.world import command, soak
from simulator.world.faults.families import FAMILIES, FAULTS
from simulator.world.invariants.violation import Violation
from simulator.world.outcome import Outcome
from simulator.world.run import run
from simulator.world.timeline import timeline
from simulator.world.tree import sources, tree_version
from tests.simulation.faulty_town import faulty_town

ROOT = Path(__file__).parents[2]
ALL = frozenset(FAULTS)
# (seed, days): one long enough for leases, for what is pruned and for every fault, others short.
SAMPLE = ((3, 34), (2, 8), (12, 8))
AGAIN = (2, 8)


@cache
def lived(seed: int, days: int) -> Outcome:
    return run(seed, days, ALL, keep_trace=(seed, days) == AGAIN)


@pytest.mark.parametrize(("seed", "days"), SAMPLE)
def test_a_town_lives_through_all_faults_and_everything_holds(seed: int, days: int) -> None:
    outcome = lived(seed, days)
    assert outcome.violations == [], command.replay(outcome, "all")
    assert outcome.counts["releases"] > 30 * days
    assert outcome.counts["receipts"] > days


def test_every_fault_happens_in_the_sample() -> None:
    happened = {name for seed, days in SAMPLE for _, name in lived(seed, days).faults}
    assert happened == ALL


def test_one_seed_has_one_trace_in_any_process_whatever_its_hash_seed() -> None:
    seed, days = AGAIN
    made = subprocess.run(
        [sys.executable, "-m", "simulator", "world", "--seeds", str(seed), "--days", str(days), "--json", "--timeline"],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    told = json.loads(made.stdout)
    lines = told.pop("timeline")
    assert lines == list(timeline(lived(seed, days).lines)), "every entry, message and movement, in order"
    again = command.as_record(lived(seed, days))
    assert {name: told[name] for name in told if name != "seconds"} == {
        name: json.loads(json.dumps(again[name])) for name in again if name != "seconds"
    }


def test_a_planted_defect_is_found_replayed_and_shrunk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receive: Callable[..., None] = AccessLists.receive

    def forgets_its_floor(lists: AccessLists, event: Any, turn: Any) -> None:
        if lists.index is not None and event.access_list.version < lists.version:
            lists.index, lists._floor = None, 0
        receive(lists, event, turn)

    monkeypatch.setattr(AccessLists, "receive", forgets_its_floor)
    with pytest.raises(typer.Exit) as ended:
        command.world(
            seeds="6", days=3, faults="crowd,old_documents", skip="", only="", jobs=1, as_json=False,
            timeline=False, shrink=True,
        )  # fmt: skip
    assert ended.value.exit_code == command.EXIT_VIOLATED
    said = capsys.readouterr()
    assert "revocation:" in said.out
    assert "replay: casier-sim world --seeds 6 --days 3 --faults crowd,old_documents" in said.err
    smaller = said.err[said.err.index("smaller:") :].split()
    only = frozenset(int(number) for number in smaller[smaller.index("--only") + 1].split(","))
    days = int(smaller[smaller.index("--days") + 1])
    replayed = run(6, days, frozenset({"crowd", "old_documents"}), only=only, keep_trace=True)
    assert {name for _, name in replayed.faults} == {"old_documents"}
    assert replayed.violations
    told = list(timeline(replayed.lines))
    assert any("!! world" in line for line in told)
    for word in ("access_applied", "sends access", "release_intended", "** world"):
        assert any(word in line for line in told), word
    assert run(6, days, frozenset({"crowd", "old_documents"}), only=only).digest == replayed.digest


def test_a_world_that_is_over_leaves_none_of_its_disks_in_memory() -> None:
    with faulty_town(1) as town:
        disk = ref(town.world.controllers[0].disk)
    del town
    gc.collect()
    assert disk() is None


def test_a_soak_goes_on_where_it_stopped_and_not_with_another_tree(tmp_path: Path) -> None:
    held = Outcome(7, 30, "ab" * 32, {}, [], [], 1.0)
    soak.Done(tmp_path, 30, "one").add(held)
    with soak.Done(tmp_path, 30, "one").path.open("a") as file:
        file.write("8")  # cut in the middle of a line
    assert soak.Done(tmp_path, 30, "one").seeds == {7}
    assert soak.Done(tmp_path, 30, "two").seeds == set()
    assert soak.Done(tmp_path, 31, "one").seeds == set()


def _outcomes_of(failing: set[int]) -> Callable[..., Iterator[Outcome]]:
    def outcomes(seeds: Iterator[int], days: int, _jobs: int) -> Iterator[Outcome]:
        for seed in seeds:
            found = [Violation(0, "coil", "on")] if seed in failing else []
            yield Outcome(seed, days, "cd" * 32, {}, found, [], 1.0)

    return outcomes


def test_a_soak_goes_on_after_a_seed_that_fails_and_says_at_once_and_at_the_end_how_to_replay_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "_outcomes", _outcomes_of({2, 14}))
    assert soak.soak(25, 30, 1, tmp_path) == 1
    said, _, at_last = capsys.readouterr().out.partition("23 of 25 seeds of 30 days hold, 2 fail\n")
    assert said.index("casier-sim world --seeds 2 --days 30 --faults all --timeline") < said.index("9/25 hold, 1 fail")
    assert said.index("9/25 hold, 1 fail") < said.index("casier-sim world --seeds 14 --days 30 --faults all --timeline")
    for seed in (2, 14):
        assert f"casier-sim world --seeds {seed} --days 30 --faults all --shrink" in at_last
    assert soak.Done(tmp_path, 30, tree_version()).seeds == set(range(1, 26)) - {2, 14}, "what failed is run again"


def test_a_soak_ends_when_enough_seeds_have_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "_outcomes", _outcomes_of(set(range(5, 1000))))
    assert soak.soak(1000, 30, 1, tmp_path) == 1
    said = capsys.readouterr().out
    assert f"4 of 1000 seeds of 30 days hold, {soak.ENOUGH} fail" in said
    assert f"seed {5 + soak.ENOUGH}:" not in said


def _dies_in_its_third(seed: int, days: int, _names: frozenset[str]) -> Outcome:
    if seed == 3:
        os._exit(9)
    return Outcome(seed, days, "cd" * 32, {}, [], [], 1.0)


def test_a_soak_names_the_seed_in_which_a_process_of_it_died_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "run", _dies_in_its_third)
    assert soak.soak(12, 30, 2, tmp_path) == 1
    said = capsys.readouterr().out
    assert "seed 3: 1 violations" in said
    assert "casier-sim world --seeds 3 --days 30 --faults" in said
    assert soak.Done(tmp_path, 30, tree_version()).seeds == set(range(1, 13)) - {3}


@pytest.mark.parametrize("seeds", ["9-3", "x", "1-2-3", "-2"])
def test_seeds_that_are_no_range_are_a_usage_error_and_no_run_of_nothing(
    capsys: pytest.CaptureFixture[str], seeds: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        command._range(seeds)
    assert ended.value.exit_code == command.EXIT_USAGE
    assert "is no range" in capsys.readouterr().err


def test_a_soak_gives_every_second_seed_all_faults_and_the_others_half_of_their_families() -> None:
    assert all(soak.faults_of(seed) == ALL for seed in range(2, 200, 2))
    drawn = [soak.faults_of(seed) for seed in range(1, 401, 2)]
    for family in FAMILIES:
        names = {fault.name for fault in family}
        assert all(names <= some or names.isdisjoint(some) for some in drawn), "a family comes whole"
        assert 70 < sum(names <= some for some in drawn) < 130, "in half of the seeds"
    assert len(set(drawn)) > 150
    firsts = {family[0].name for family in FAMILIES}
    assert soak.faults_of(5) & firsts == {"clock_back", "gateway_split"}, "the same on any machine"


def test_what_a_soak_says_to_replay_names_the_very_faults_that_the_seed_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    had: dict[int, frozenset[str]] = {}

    class AtOnce(ThreadPoolExecutor):
        def submit(self, _run: Any, seed: int, days: int, names: frozenset[str]) -> Any:  # type: ignore[override]
            had[seed] = names
            found = [Violation(0, "coil", "on")] if seed == 5 else []
            return super().submit(lambda: Outcome(seed, days, "cd" * 32, {}, found, [], 1.0))

    monkeypatch.setattr(soak, "ProcessPoolExecutor", AtOnce)
    assert soak.soak(5, 30, 1, tmp_path) == 1
    said = capsys.readouterr().out.split()
    names = said[said.index("--faults") + 1]
    assert had[5] == command._names(names) != ALL
    assert said.count(names) == 4, "to replay it and to shrink it, at once and at the end"


@pytest.mark.parametrize("names", [ALL, frozenset(), frozenset({"crowd", "clock_back"})])
def test_faults_are_spelled_as_the_command_reads_them(names: frozenset[str]) -> None:
    assert command._names(command.spelled(names)) == names


def test_a_soaks_count_belongs_to_every_source_of_ours_that_it_loads() -> None:
    seen = """
import sys
from simulator.world.soak import faults_of
from simulator.world.run import run
run(2, 3, faults_of(2))
print(*(m.__file__ for n, m in sys.modules.items() if n.split(".")[0] in PACKAGES), sep="\\n")
"""
    script = seen.replace("PACKAGES", repr(("wire", "hw", "controller", "gateway", "simulator")))
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {Path(line) for line in made.stdout.split()}
    assert len(loaded) > 300
    assert loaded <= set(sources())


def test_a_soaks_count_belongs_to_no_page_and_no_driver() -> None:
    unloaded = {"gateway/contracts/pages.py", "hw/readers/serial_rfid.py", "controller/cli.py"}
    assert unloaded.isdisjoint(path.relative_to(ROOT).as_posix() for path in sources())
    assert all((ROOT / path).exists() for path in unloaded)
