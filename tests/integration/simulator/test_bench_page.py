"""The bench page in a real browser, at the width of a phone and of a desk, by hand and by keyboard."""

from collections.abc import Callable, Iterator
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


def test_fault_of_a_door_is_shown_and_mended_for_the_door_that_is_chosen(page: Page, bench: Any) -> None:
    switch = page.get_by_role("switch", name="Fil du capteur coupé")
    for door in ("8", "9"):
        page.get_by_label("Porte visée").select_option(door)
        expect(switch).not_to_be_checked()
        switch.click()
        expect(switch).to_be_checked()
    expect(page.locator(".mend")).to_have_text("Fil du capteur coupé 8, 9 réparer")
    switch.click()
    expect(page.locator(".mend")).to_have_text("Fil du capteur coupé 8 réparer")
    page.locator(".mend").click()
    expect(page.get_by_text("Aucune panne")).to_be_visible()


def test_welded_coil_is_warned_of_until_it_is_mended(page: Page, bench: Any) -> None:
    bench.finish(bench.world.set_fault(bench.montreuil, "relay_welded", True, 3))
    bench.finish(bench.world.set_fault(bench.montreuil, "sensor_cut", True, 4))
    bench.do(lambda: bench.montreuil.doors[3].energise(True, bench.montreuil.now()))
    bench.do(bench.montreuil.settle)
    expect(page.get_by_role("alert")).to_contain_text("Casier 3 : le courant reste sur la serrure")
    expect(page.get_by_role("button", name="Casier 3:").locator(".state")).to_contain_text("bobine collée")
    bench.do(lambda: bench.montreuil.doors[3].energise(False, bench.montreuil.now()))
    page.get_by_role("button", name="Tout réparer").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_text("Aucune panne")).to_be_visible()


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


@pytest.fixture
def every_page(browser: Browser, every_device_url: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
    page.goto(f"{every_device_url}/?bank=every-device")
    expect(page.locator("#link")).to_have_text("live")
    yield page
    page.close()


def test_keys_of_a_keypad_are_pressed_one_by_one(every_page: Page, every_device: Any, until: Callable) -> None:
    pressed: list[str] = []
    every_device.world.banks["every-device"].readers["gate"].device.press = lambda key, _now: pressed.append(key)
    every_page.get_by_text("Keypad gate").click()
    for key in "4*":
        every_page.get_by_role("button", name=f"Key {key}, gate").click()
    expect(every_page.get_by_role("status")).to_have_text("Key pressed on gate.")
    until(lambda: pressed == ["4", "*"], "both keys, in order")


def test_a_fault_of_one_reader_is_switched_in_its_own_group(every_page: Page, every_device: Any) -> None:
    group = every_page.locator(".group", has_text="Reader courtyard")
    group.locator("summary").click()
    group.get_by_role("switch", name="Reader unplugged").click()
    expect(every_page.locator(".readers li", has_text="courtyard").locator(".plug")).to_have_text("unplugged")
    expect(group.locator(".group-count")).to_have_text("1 on")
    expect(every_page.locator(".group", has_text="Reader entrance").locator(".group-count")).to_have_text("")
    readers = every_device.world.banks["every-device"].readers
    assert (readers["courtyard"].cable.plugged, readers["entrance"].cable.plugged) == (False, True)


def test_inputs_and_the_lights_of_lockers_are_shown(every_page: Page, every_device: Any) -> None:
    bank = every_device.world.banks["every-device"]
    every_page.get_by_role("switch", name="Mains failed").click()
    expect(every_page.get_by_role("switch", name="Mains failed")).to_be_checked()
    assert bank.inputs["mains"].active
    every_device.do(lambda: bank.lights.update({25: True}))
    every_device.do(bank.settle)
    expect(every_page.get_by_role("button", name="Locker 25:").locator(".state")).to_have_text("closed, lit")


def test_a_badge_goes_to_the_reader_that_is_chosen(every_page: Page) -> None:
    every_page.get_by_label("At which reader").select_option("gate")
    every_page.locator(".badge", has_text="tag").click()
    expect(every_page.get_by_role("status")).to_contain_text("does not read em4100")


@pytest.mark.parametrize("width", [390, 1280])
def test_page_with_every_device_fits_and_has_no_accessibility_violation(every_page: Page, width: int) -> None:
    every_page.set_viewport_size({"width": width, "height": 844})
    for summary in every_page.locator("summary").all():
        if summary.evaluate("each => !each.parentElement.open"):
            summary.click()
    assert every_page.evaluate("document.documentElement.scrollWidth") == width
    assert every_page.evaluate(TOO_SMALL) == []
    every_page.evaluate(AXE.read_text())
    found = every_page.evaluate("axe.run(document)")["violations"]
    assert [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]] == []
