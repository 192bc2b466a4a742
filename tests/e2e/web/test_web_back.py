"""Going back in a browser that keeps pages as they were left: what is sent then, and what is seen after signing out."""

import shutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from gateway.care.models import Contact
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.web.conftest import OpenPage, Site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium as people have it: Playwright's own arguments forbid it to keep pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=CHROMIUM_ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield browser
        browser.close()


def go_back(page: Page) -> None:
    """Playwright waits for a load that does not come where the page was kept."""
    page.evaluate("window.left = true")
    with suppress(TimeoutError):
        page.go_back(timeout=1_000)
    page.wait_for_function("!window.left")


def log_contact(page: Page, note: str) -> None:
    page.fill("main [name=note]", note)
    page.click("main form.card button")


def test_a_form_that_is_come_back_to_after_its_answer_is_sent_anew(site: Site, open_page: OpenPage) -> None:
    page = open_page(f"/people/{site.people['Awa Diallo']}/contact")
    for count, note in enumerate(("seen at the café", "and again at the lockers"), 1):
        log_contact(page, note)
        page.wait_for_url("**done=contact_logged")
        assert site.count(Contact) == count
        go_back(page)
    assert page.input_value("main [name=note]") == "and again at the lockers"


def test_a_form_whose_answer_never_came_is_the_same_one_when_it_is_sent_again(open_page: OpenPage) -> None:
    page = open_page("/people/new")
    once = page.input_value("main [name=once]")
    # Sent after the last page of ours was shown, and come back to.
    page.evaluate("document.querySelector('main form').dataset.sent = Date.now() + 1")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert page.input_value("main [name=once]") == once
    assert page.locator("main form[data-sent]").count() == 0


def test_nobody_is_read_of_by_going_back_after_signing_out(site: Site, open_page: OpenPage) -> None:
    page = open_page(f"/people/{site.people['Awa Diallo']}/contact")
    page.goto(f"{site.url}/people")
    page.click("form[action='/sign-out'] button")
    page.wait_for_url("**/sign-in")
    for _ in range(2):
        go_back(page)
        assert "Diallo" not in page.content()
