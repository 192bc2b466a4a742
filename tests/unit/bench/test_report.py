"""The report of `make bench`: stable names, its JSON form, and what counts as missed."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.bench import report, run
from tests.bench.figures import BY_NAME, DEFINITIONS, Figure, percentile

# Written out: graphs and alarms elsewhere go by these names, so changing one must hurt.
NAMES = {
    "badge_to_coil_p50_ms": 1.0,
    "badge_to_coil_p99_ms": 3.0,
    "badge_to_coil_p50_ms_20000_grants": 1.2,
    "badge_to_coil_p99_ms_20000_grants": 3.6,
    "badge_to_coil_20000_over_60": 1.2,
    "badge_to_coil_alone_p50_ms": None,
    "command_to_coil_p50_ms": 2.0,
    "command_to_coil_p99_ms": 5.0,
    "revoke_in_force_p50_ms": None,
    "revoke_in_force_p99_ms": 100.0,
    "controller_rss_mb": 45.0,
    "controller_rss_mb_20000_grants": 80.0,
    "controller_rss_mb_lights": 45.0,
    "controller_start_s": 0.6,
    "controller_idle_cpu_percent": 2.0,
    "backlog_100k_s": 30.0,
    "backlog_controller_rss_growth_mb": 5.0,
    "backlog_gateway_rss_growth_mb": 20.0,
    "ingest_entries_per_s": None,
    "ingest_batch_p99_ms": None,
    "world_days_per_minute": 500.0,
    "world_days_per_minute_all_faults": None,
    "envelope_verify_us": None,
    "decide_60_grants_us": None,
    "decide_20000_grants_us": None,
    "wall_p95_ms_postgresql": 100.0,
    "person_p95_ms_postgresql": 100.0,
    "site_report_p95_ms_postgresql": 100.0,
    "network_report_p95_ms_postgresql": 500.0,
    "wall_p95_ms_sqlite": 200.0,
    "person_p95_ms_sqlite": 200.0,
    "site_report_p95_ms_sqlite": 200.0,
    "network_report_p95_ms_sqlite": 1000.0,
    "wall_growth_x_postgresql": None,
    "person_growth_x_postgresql": None,
    "site_report_growth_x_postgresql": None,
    "network_report_growth_x_postgresql": None,
    "wall_growth_x_sqlite": None,
    "person_growth_x_sqlite": None,
    "site_report_growth_x_sqlite": None,
    "network_report_growth_x_sqlite": None,
    "rdm6300_frames_per_s": 50_000.0,
    "id12la_frames_per_s": 50_000.0,
    "xor_board_frames_per_s": 50_000.0,
    "kerong_cu_frames_per_s": 50_000.0,
    "kerong_cu_48_frames_per_s": 50_000.0,
    "modbus_relay_frames_per_s": 50_000.0,
    "pn532_frames_per_s": 50_000.0,
    "osdp_frames_per_s": 50_000.0,
    "wiegand_frames_per_s": 50_000.0,
    "keyboard_wedge_frames_per_s": 50_000.0,
    "rdm6300_garbage_mb_per_s": 2.0,
    "id12la_garbage_mb_per_s": 2.0,
    "xor_board_garbage_mb_per_s": 2.0,
    "kerong_cu_garbage_mb_per_s": 2.0,
    "kerong_cu_48_garbage_mb_per_s": 2.0,
    "modbus_relay_garbage_mb_per_s": 2.0,
    "pn532_garbage_mb_per_s": 2.0,
    "osdp_garbage_mb_per_s": 2.0,
}


def test_names_and_limits_are_those_that_others_rely_on() -> None:
    assert {definition.name: definition.limit for definition in DEFINITIONS} == NAMES


def test_every_figure_is_measured_by_exactly_one_group() -> None:
    measured = [name for group in run.GROUPS for name in group.FIGURES]
    assert sorted(measured) == sorted(BY_NAME)


def test_report_has_the_documented_form(tmp_path: Path) -> None:
    figures = [Figure("controller_start_s", 0.25), Figure("decide_60_grants_us", 3.14159)]
    path = tmp_path / "deeper" / "bench.json"
    report.write(path, report.document(figures, {"cpu": "a", "cores": 2}, "abc"))
    assert json.loads(path.read_text()) == {
        "machine": {"cpu": "a", "cores": 2},
        "commit": "abc",
        "figures": [
            {"name": "controller_start_s", "value": 0.25, "unit": "s", "limit": 0.6, "ok": True},
            {"name": "decide_60_grants_us", "value": 3.1416, "unit": "us", "limit": None, "ok": True},
        ],
    }
    assert [file.name for file in path.parent.iterdir()] == ["bench.json"]


@pytest.mark.parametrize(("value", "ok"), [(0.6, True), (0.61, False), (math.nan, False)])
def test_a_value_at_its_limit_holds_and_one_beyond_or_unmeasured_does_not(value: float, ok: bool) -> None:
    assert Figure("controller_start_s", value).ok is ok


def test_a_value_that_could_not_be_measured_is_null() -> None:
    (written,) = report.document([Figure("controller_start_s", math.nan)], {}, "")["figures"]
    assert (written["value"], written["ok"]) == (None, False)


def test_rates_are_better_when_higher_and_times_when_lower() -> None:
    assert BY_NAME["ingest_entries_per_s"].better_than_peer(36_400.0) == pytest.approx(2.0)
    assert BY_NAME["command_to_coil_p50_ms"].better_than_peer(3.15) == pytest.approx(2.0)


def test_table_names_the_missed_limit_and_the_peer() -> None:
    said = io.StringIO()
    report.show([Figure("command_to_coil_p50_ms", 3.15)], Console(file=said, width=120))
    assert "NO" in said.getvalue()
    assert "Open-Locker: 6.3 (2.0 x)" in said.getvalue()


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.5, 1)])
def test_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile(range(100, 0, -1), percent) == value


def test_a_missed_limit_ends_in_a_non_zero_exit_code_and_only_the_wanted_figure_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Group:
        FIGURES = ("controller_start_s", "controller_idle_cpu_percent")

        @staticmethod
        def measure(*_: Any) -> list[Figure]:
            return [Figure("controller_start_s", 0.7), Figure("controller_idle_cpu_percent", 0.7)]

    monkeypatch.setattr(run, "GROUPS", (Group,))
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the writes that time this disk: five seconds a run
    assert run.main(["--only", "controller_start_s"]) == 1
    assert run.main(["--only", "controller_idle_cpu_percent"]) == 0
    (figure,) = json.loads((tmp_path / "build" / "bench.json").read_text())["figures"]
    assert figure["name"] == "controller_idle_cpu_percent"
