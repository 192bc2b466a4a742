"""What is shipped to put Casier on a machine keeps the promises made for it."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.config import load
from gateway.cli import app as gateway
from gateway.settings import PREFIX, Settings, load_settings
from hw import registry
from hw.pins import FACTORIES

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"


def _settings(unit: str) -> dict[str, list[str]]:
    """Every `Key=value` of a systemd unit; a key may come several times."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / unit).read_text().splitlines():
        if match := re.fullmatch(r"([A-Za-z]+)=(.*)", line):
            settings.setdefault(match[1], []).append(match[2])
    return settings


@pytest.mark.parametrize("path", sorted((DEPLOY / "banks").glob("*.toml")), ids=lambda path: path.name)
def test_an_example_bank_is_a_valid_one(path: Path) -> None:
    bank = load(path)
    assert bank.controller == path.stem
    assert len(bank.lockers) == {"montreuil-1": 24, "lille-1": 6, "nantes-1": 4}[path.stem]
    assert bank.broker.tls is not None
    assert bank.data_dir == Path("/var/lib/casier") / bank.controller


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("WatchdogSec", "5"),
        ("WatchdogSignal", "SIGKILL"),
        ("LimitCORE", "0"),
        ("CPUSchedulingPolicy", "rr"),
        ("CPUSchedulingPriority", "1"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("StateDirectoryMode", "0700"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
    ],
)
def test_the_controller_is_watched_restarted_and_confined(key: str, value: str) -> None:
    assert _settings("casier-controller@.service")[key] == [value]


def test_whatever_ends_the_controller_drops_the_coils() -> None:
    (command,) = _settings("casier-controller@.service")["ExecStopPost"]
    assert "casier-controller all-off" in command


def test_lgpio_has_a_folder_it_may_write_to() -> None:
    settings = _settings("casier-controller@.service")
    assert settings["Environment"] == ["LG_WD=/run/casier-controller-%i"]
    assert settings["RuntimeDirectory"] == ["casier-controller-%i"]


SERIAL = {"char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS", "char-ttySC"}
PINS = {"LGPIOFactory": "char-gpiochip", "RPiGPIOFactory": "/dev/gpiomem"}
DEVICES = {
    "rdm6300": SERIAL,
    "id12la": SERIAL,
    "osdp": SERIAL,
    "pn532": SERIAL,
    "xor_board": SERIAL,
    "kerong_cu": SERIAL,
    "modbus_relay": SERIAL,
    "wiegand": {*PINS.values()},
    "gpio": {*PINS.values()},
    "mcp23017": {"char-i2c", *PINS.values()},  # the chip's RESET is a pin
    "keyboard_wedge": {"char-input"},
    "undervoltage": set[str](),  # a file in /sys
}


def test_the_service_may_open_the_devices_of_every_driver_and_no_others() -> None:
    drivers = (registry.READERS, registry.BOARDS, registry.INDICATORS, registry.INPUTS)
    assert DEVICES.keys() == set[str]().union(*drivers)
    assert PINS.keys() == set(FACTORIES)
    unit = _settings("casier-controller@.service")
    assert unit["DevicePolicy"] == ["closed"]
    assert sorted(unit["DeviceAllow"]) == sorted(f"{device} rw" for device in set[str]().union(*DEVICES.values()))


def test_the_service_may_ask_for_edges_where_rpi_gpio_does() -> None:
    (paths,) = _settings("casier-controller@.service")["ReadWritePaths"]
    assert paths.split() == ["-/sys/class/gpio", "-/sys/devices/platform/soc"]


def test_a_bank_keeps_its_data_where_the_service_may_write() -> None:
    assert _settings("casier-controller@.service")["StateDirectory"] == ["casier/%i"]


def test_a_pin_is_let_go_when_its_program_dies() -> None:
    assert "dtparam=strict_gpiod" in (DEPLOY / "raspberry-pi" / "config.txt").read_text().splitlines()


def test_the_lock_lines_of_the_example_are_low_from_boot() -> None:
    locks = tomllib.loads((DEPLOY / "banks" / "lille-1.toml").read_text())["boards"]["direct"]["locks"]
    assert f"gpio={locks[0]}-{locks[-1]}=op,dl" in (DEPLOY / "raspberry-pi" / "config.txt").read_text()


def test_the_gateway_reads_its_settings_and_leaves_no_core() -> None:
    settings = _settings("casier-gateway.service")
    assert settings["EnvironmentFile"] == ["/etc/casier/gateway.env"]
    assert settings["LimitCORE"] == ["0"]


def test_a_migration_is_let_finish_however_long_it_takes() -> None:
    settings = _settings("casier-gateway.service")
    assert settings["ExecStartPre"] == ["/opt/casier/.venv/bin/casier-gateway migrate"]
    assert settings["TimeoutStartSec"] == ["infinity"]


def test_the_daily_work_verifies_the_trail_and_lists_before_it_erases() -> None:
    programs = [line.split() for line in _settings("casier-gateway-daily.service")["ExecStart"]]
    assert {program[0] for program in programs} == {"/opt/casier/.venv/bin/casier-gateway"}
    assert [" ".join(program[1:]) for program in programs] == [
        "audit verify", "privacy erase", "privacy erase --apply",
    ]  # fmt: skip
    for program in programs:
        asked = CliRunner().invoke(gateway, [*program[1:], "--help"])
        assert asked.exit_code == 0, asked.output


def test_the_daily_work_runs_as_the_gateway_does_and_is_as_confined() -> None:
    gateways, daily = _settings("casier-gateway.service"), _settings("casier-gateway-daily.service")
    of_its_own = {
        "ExecStartPre",
        "ExecStart",
        "Type",
        "Restart",
        "RestartSec",
        "TimeoutStartSec",
        "TimeoutStopSec",
        "StartLimitIntervalSec",
    }
    of_its_own |= {"Description", "After", "Wants", "WantedBy"}
    assert {key: daily.get(key) for key in gateways.keys() - of_its_own} == {
        key: gateways[key] for key in gateways.keys() - of_its_own
    }
    assert daily["Type"] == ["oneshot"]


def test_the_daily_work_is_done_every_day_and_made_up_for() -> None:
    timer = _settings("casier-gateway-daily.timer")
    assert timer["OnCalendar"] == ["*-*-* 04:20:00"]
    assert timer["Persistent"] == ["yes"]
    assert timer["WantedBy"] == ["timers.target"]


def _gateway_variables() -> dict[str, str]:
    lines = (DEPLOY / "gateway.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_gateways_example_is_a_valid_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.delenv("CASIER_CONFIG", raising=False)
    for variable, value in _gateway_variables().items():
        assert variable.removeprefix(PREFIX).lower() in Settings.model_fields
        if value.startswith("/etc/"):  # the certificates, which are another's to make
            value = str(tmp_path / Path(value).name)
            Path(value).touch()
        monkeypatch.setenv(variable, value)
    assert load_settings().broker_port == 8883


def test_the_brokers_rules_name_the_gateway_as_it_calls_itself() -> None:
    rules = (DEPLOY / "mosquitto" / "casier.acl").read_text()
    assert f"user {_gateway_variables()['CASIER_BROKER_CLIENT_ID']}\n" in rules
