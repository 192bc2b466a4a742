"""What staff see in a real browser: the wall follows the doors, live."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.demo.site_under_test import Site

SEEN_WITHIN_S = 1.0


@pytest.fixture
def wall(site: Site, browser: Browser) -> Iterator[Page]:
    """The wall, signed in with what the demo printed."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{site.gateway_port}/")
    page.get_by_label("Email address").fill(site.account["email"])
    page.get_by_label("Password").fill(site.account["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Montreuil").first).to_be_visible()
    yield page
    context.close()


def test_the_wall_shows_an_opening_within_a_second_of_the_door(site: Site, wall: Page) -> None:
    tile = wall.locator("a[href='/lockers/montreuil-1/15']")
    expect(tile).to_contain_text("Occupied")
    site.tap("gil")
    while site.locker(15)["door"] != "open":
        time.sleep(0.005)
    opened = time.monotonic()
    expect(tile).to_contain_text("Open", timeout=5_000)
    assert time.monotonic() - opened <= SEEN_WITHIN_S
    site.put_back(15)
    expect(tile).to_contain_text("Occupied", timeout=5_000)
