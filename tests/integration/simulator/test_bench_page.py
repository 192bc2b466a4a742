"""The bench page in a real browser, at the width of a phone and of a desk, by hand and by keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

AXE = Path(__file__).parents[2] / "e2e" / "web" / "vendor" / "axe-4.14.1.min.js"
TOO_SMALL = """[...document.querySelectorAll("button, a:not(.skip), select, summary")].filter((each) => {
    if (!each.checkVisibility()) return false;
    const box = each.getBoundingClientRect();
    return box.width < 44 || box.height < 44;
}).map((each) => each.outerHTML)"""


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="fr-FR")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security Policy" in message.text else None)
    page.goto(url)
    expect(page.locator("#link")).to_have_text("en direct")
    yield page
    page.close()
    assert errors == []


def test_door_moves_on_the_page_when_it_moves_in_the_bank(page: Page, bench: Any) -> None:
    door = page.get_by_role("button", name="Casier 3:")
    expect(door).to_have_accessible_name("Casier 3: fermée")
    bench.do(lambda: bench.montreuil.force(3))
    expect(door.locator(".state")).to_have_text("forcée")
    door.click()
    expect(door.locator(".state")).to_have_text("fermée")
    assert not bench.montreuil.doors[3].open


def test_closed_door_explains_why_it_does_not_open(page: Page) -> None:
    page.get_by_role("button", name="Casier 3:").click()
    expect(page.get_by_role("status")).to_contain_text("La porte 3 ne s’ouvre pas")


def test_keyboard_alone_taps_a_badge_and_switches_a_fault(page: Page, bench: Any) -> None:
    page.locator(".badge").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Badge « valid » présenté")
    page.locator("summary", has_text="Lecteur entrance").focus()
    page.keyboard.press("Enter")
    page.get_by_role("switch", name="Lecteur débranché").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="Lecteur débranché")).to_be_checked()
    assert not bench.montreuil.reader_port.plugged


def test_fault_of_a_door_asks_which_one(page: Page, bench: Any) -> None:
    switch = page.get_by_role("switch", name="Fil du capteur coupé")
    switch.click()
    expect(page.get_by_role("status")).to_contain_text("Choisissez d’abord la porte")
    page.get_by_label("Porte visée").select_option("8")
    switch.click()
    expect(page.get_by_role("button", name="Casier 8:").locator(".state")).to_have_text("fermée, capteur coupé")


@pytest.mark.parametrize(("width", "bank", "lang"), [(390, "lille-1", "fr"), (1280, "montreuil-1", "en")])
def test_page_fits_its_width_and_every_target_is_44_pixels(
    page: Page, url: str, width: int, bank: str, lang: str
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{url}/?bank={bank}&lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(TOO_SMALL) == []


def test_lamp_and_buzzer_are_shown_in_words(page: Page, bench: Any) -> None:
    from gpiozero import LED

    from simulator.pins import SimulatedPinFactory

    factory = SimulatedPinFactory(str(bench.montreuil.places.pins))
    red, buzzer = LED(16, pin_factory=factory), LED(20, pin_factory=factory)
    red.on()
    buzzer.on()
    expect(page.locator("#light")).to_have_text("rouge")
    expect(page.locator("#buzzer")).to_have_text("Le buzzer sonne")
    red.off()
    buzzer.off()
    expect(page.locator("#light")).to_have_text("éteinte")
    expect(page.locator("#last")).to_have_text("rouge, 1 bip")
    factory.close()


@pytest.mark.parametrize(("width", "bank", "lang"), [(390, "montreuil-1", "fr"), (1280, "lille-1", "en")])
@pytest.mark.parametrize("dark", [False, True])
def test_page_has_no_accessibility_violation(
    page: Page, url: str, bench: Any, width: int, bank: str, lang: str, dark: bool
) -> None:
    bench.do(lambda: bench.montreuil.force(3))
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{url}/?bank={bank}&lang={lang}")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    assert [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]] == []
