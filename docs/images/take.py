"""Takes the README's two pictures from a running demo: `python docs/images/take.py GATEWAY_PORT BENCH_PORT STATE`."""

import json
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def tap(bench: str, label: str) -> None:
    """Hold a badge to the reader of the bench."""
    urllib.request.urlopen(urllib.request.Request(f"{bench}/api/badges/{label}/tap", method="POST"))  # noqa: S310


def main(gateway_port: str, bench_port: str, state: str) -> None:
    """One picture of the wall and one of the bench, while a few doors stand open."""
    gateway, bench = f"http://127.0.0.1:{gateway_port}", f"http://127.0.0.1:{bench_port}"
    account = json.loads((Path(state) / "credentials.json").read_text())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 960}, reduced_motion="reduce")
        wall, table = context.new_page(), context.new_page()
        wall.goto(gateway)
        wall.get_by_label("Email address").fill(account["email"])
        wall.get_by_label("Password").fill(account["password"])
        wall.get_by_role("button", name="Sign in").click()
        table.goto(bench)
        for label, number in (("amina", 7), ("celeste", 9), ("gil", 15)):
            tap(bench, label)
            wall.locator(f"a[href='/lockers/montreuil-1/{number}']").get_by_text("Open").wait_for()
        wall.screenshot(path=HERE / "wall.png")
        tap(bench, "suspended")
        table.get_by_text("amber", exact=True).first.wait_for()
        table.screenshot(path=HERE / "bench.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
