"""Takes the picture of a commissioned bank's map for docs/technician.md: `python docs/images/take_map.py`."""

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from simulator.bank import SimulatedBank
from simulator.physics import Sensor
from simulator.plans.xor_board import XorPlan
from simulator.scenario import BankPlan, Places, controller_toml

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PLAN = BankPlan("montreuil-1", {"a": XorPlan(channels=24)}, light=None, readers={})


def main() -> None:
    """A bank with swapped doors, two doors on one channel, a dead sensor and a stuck door, as the command maps it."""
    with tempfile.TemporaryDirectory() as folder:
        page = commissioned(Path(folder))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            sheet = browser.new_page(viewport={"width": 1120, "height": 800})
            sheet.goto(page.as_uri())
            sheet.screenshot(path=HERE / "map.png", full_page=True)
            browser.close()


def commissioned(folder: Path) -> Path:
    """Run the command on a simulated bank, with somebody who answers; the map that it leaves."""
    places = Places(folder, "bank")
    config = folder / "bank.toml"
    text = controller_toml(PLAN, places, data_dir=folder / "data", broker=("127.0.0.1", 1883))
    whole = 'numbers = "1-24"\nboard = "a"\nchannels = "1-24"'
    parts = (("1-5", "1-5"), ("7", "6"), ("6", "7"), ("8-24", "8-24"))
    tables = [f'numbers = "{numbers}"\nboard = "a"\nchannels = "{channels}"' for numbers, channels in parts]
    config.write_text(text.replace(whole, "\n\n[[lockers]]\n".join(tables)).replace("open_bit = 1", "open_bit = 0"))
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    bank = SimulatedBank(PLAN, places)
    asyncio.run_coroutine_threadsafe(bank.start(), loop).result(10)

    def at_the_bank(act: Callable[[], object]) -> object:
        async def acting() -> object:
            return act()

        return asyncio.run_coroutine_threadsafe(acting(), loop).result(10)

    def mistakes() -> None:
        bank.wires = {14: (14, 15), 15: ()}
        bank.door(11).sensor = Sensor.STUCK_CLOSED
        bank.door(20).jam(True, bank.now())

    at_the_bank(mistakes)
    answer_all(config, bank, at_the_bank)
    asyncio.run_coroutine_threadsafe(bank.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    return folder / "data" / "commission-map.html"


def answer_all(config: Path, bank: SimulatedBank, at_the_bank: Callable[[Callable[[], object]], object]) -> None:
    """Read the command's questions and answer each with what stands open."""
    command = [sys.executable, "-m", "controller", "commission", "--config", str(config)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = b""
        while word := process.stdout.read1(4096):
            said += word
            sys.stdout.buffer.write(word)
            if said.endswith(b"q = stop): "):
                opened = [number for number, door in bank.doors.items() if door.open]
                at_the_bank(lambda: [bank.push(number) for number in bank.doors])
                process.stdin.write(",".join(map(str, opened or [0])).encode() + b"\n")
            elif said.endswith(b"q to stop: "):
                process.stdin.write(b"\n")
            elif said.endswith(b"[y/N]: "):
                process.stdin.write(b"y\n")
            process.stdin.flush()


if __name__ == "__main__":
    main()
