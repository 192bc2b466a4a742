"""The demo as a program: it starts, says how to get in, stops on Ctrl-C, and remembers."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest

from tests.e2e.demo.site_under_test import BROKERS, Site, eventually


@pytest.mark.parametrize("kind", BROKERS)
def test_it_stops_on_ctrl_c_and_its_state_survives(new_site: Callable[[str], Site], kind: str) -> None:
    site = new_site(kind)
    site.start()
    credentials = site.state / "credentials.json"
    account = json.loads(credentials.read_text())
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert set(account) == {"email", "password", "api_token"}
    assert account["email"] in site.output
    assert account["password"] in site.output
    revoked = site.badge_id("henri")
    site.api.post(f"/api/v1/badges/{revoked}/revoke", json={"reason": "lost"}).raise_for_status()
    programs = psutil.Process(site.process_id).children(recursive=True)
    assert len(programs) >= 4

    assert site.stop() == 0
    assert [program for program in programs if program.is_running() and program.status() != "zombie"] == []

    site.start()
    assert json.loads(credentials.read_text()) == account
    assert site.api.get(f"/api/v1/badges/{revoked}").json()["state"] == "revoked"
    site.opens("valid", 1)
    site.fault("network_cut", True)
    assert site.stop() == 0
    assert "Traceback" not in site.output


@pytest.mark.parametrize("variable", ["CASIER_GATEWAY_PORT", "CASIER_BENCH_PORT"])
def test_a_taken_port_is_named_with_the_variable_to_set(new_site: Callable[[str], Site], variable: str) -> None:
    site = new_site("mosquitto")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"CASIER_GATEWAY_PORT": str(site.gateway_port), "CASIER_BENCH_PORT": str(site.bench_port)}
        tried = subprocess.run(
            [sys.executable, "-m", "simulator", "demo", "--state", str(site.state)],
            env={**os.environ, **ports, variable: str(port)},
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert tried.returncode == 2
    assert str(port) in tried.stderr
    assert variable in tried.stderr
    assert "Traceback" not in tried.stderr


def test_a_second_demo_in_the_same_folder_is_refused(site: Site) -> None:
    tried = subprocess.run(
        [sys.executable, "-m", "simulator", "demo", "--state", str(site.state), "--gateway-port", "0"],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert tried.returncode == 2
    assert "another demo runs" in tried.stderr
    eventually("the first one goes on", lambda: site.tile(1)["online"], 5)
