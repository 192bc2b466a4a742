"""What is put back to an older state, or runs twice, loses nothing, and brings no lost badge back."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from tests.integration.faults.site import BANK, GatewayProcess, Site, eventually
from wire.entries import EntryType


def test_a_broker_that_is_put_back_to_an_old_image_loses_nothing_and_brings_no_badge_back(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    site, image = make_site(), tmp_path / "image"
    site.broker.stop()  # it saves what it retains and what waits in it
    shutil.copytree(site.broker.state, image)
    site.broker.start()
    blocked = site.block(1)
    site.broker.kill()
    shutil.rmtree(site.broker.state)
    shutil.copytree(image, site.broker.state)
    site.broker.start()
    site.busy(26, within_s=40)  # each of them has come
    site.compare()
    assert site.opened(1, blocked) == []
    assert site.opened(2, blocked)
    followed = [int(str(entry.body["version"])) for entry in site.entries(EntryType.ACCESS_APPLIED)]
    assert followed == sorted(followed), "an older list was followed"


def test_a_gateway_that_is_copied_and_runs_beside_itself_signs_nothing_and_loses_nothing(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = make_site()
    site.gateway.end()
    home = tmp_path / "copy" / "gateway"
    shutil.copytree(site.gateway.home, home)
    copied = GatewayProcess(home, f"sqlite:///{home / 'casier.db'}", site.broker.port)
    copied.token = site.gateway.token
    site.gateway.start()
    blocked = site.block(1)
    copied.start()
    try:
        site.busy(26, within_s=40)
        eventually("the copy signs nothing", lambda: copied.call("GET", f"/banks/{BANK}/reconciliation")["held"], 40)
    finally:
        copied.end(signal.SIGKILL)
    site.busy(2)
    site.compare()
    assert site.opened(1, blocked) == []
    assert site.opened(2, blocked)
