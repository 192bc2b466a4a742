"""Hand over, block a badge, open for someone, end with belongings left: with the keyboard alone."""

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.access.models import CommandRecord
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.custody.models import Custody
from gateway.days import unix_ms
from gateway.people.models import Person
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service

# Whether what has the focus can be told from what has not, and nothing lies over it.
SHOWN = """() => {
  const focused = document.activeElement, shown = focused.closest(".choice") || focused;
  const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
  const x = box.left + Math.min(20, box.width / 2);
  const over = [box.top + 2, box.top + box.height / 2, box.bottom - 2].map(y => document.elementFromPoint(x, y));
  return [
    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    over.every(one => one && (shown.contains(one) || one.contains(shown))),
  ];
}"""
PLACE = "() => { const box = document.activeElement.getBoundingClientRect(); return [box.top + scrollY, box.left]; }"


def reach(page: Page, wanted: Locator) -> None:
    """Goes there with the Tab key, as often as it takes."""
    expect(wanted).to_have_count(1)
    for _ in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            assert page.evaluate(SHOWN) == [True, True], wanted
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached: {wanted}")


def press(page: Page, button: str) -> None:
    """Reaches a button or a link of the page itself, and presses Enter."""
    name = (
        page.locator("main")
        .get_by_role("button", name=button)
        .or_(page.locator("main").get_by_role("link", name=button))
    )
    reach(page, name)
    page.keyboard.press("Enter")


def choose(page: Page, field: str, text: str) -> None:
    """Reaches a list and types the beginning of a line of it."""
    reach(page, page.locator(field))
    page.keyboard.type(text)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_hand_over_that_was_refused_is_put_right_and_sent(site, open_page, width):
    with site.app.state.database.writing() as db:
        organisation = db.query(Person).first().organisation_id
        schemes.add_scheme(
            db, organisation_id=organisation, service=Service.LOCKERS, name="Bags", actor="t", now=unix_ms()
        )
    page = open_page("/handover?locker=montreuil-1/1", width=width, may_fail=True)
    reach(page, page.locator("#new_name"))
    page.keyboard.type("Nadia K.")
    choose(page, "#badge", "A-2")
    reach(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    reach(page, page.locator("#ends_on"))
    page.keyboard.type("01012026")
    press(page, "Hand over")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('form').getAttribute('action')") == "/handover"
    expect(page.get_by_role("radio").first).to_be_checked()
    reach(page, page.locator("#ends_on"))
    page.keyboard.type("01012030")
    press(page, "Hand over")
    expect(page.get_by_role("heading", name="Nadia K.")).to_be_visible()
    with site.app.state.database.reading() as db:
        assert db.get(Badge, site.stock[0]).person_id is not None


@pytest.mark.parametrize("width", [390, 1280])
def test_a_badge_is_blocked(site, open_page, width):
    page = open_page(f"/people/{site.people['Awa Diallo']}", width=width)
    press(page, "Block the badge")
    choose(page, "#reason", "Sto")
    press(page, "Block the badge now")
    expect(page.locator("#pending")).to_contain_text("NOT yet in force")
    reach(page, page.get_by_role("link", name="Give a badge"))
    site.publish(applied=True)
    expect(page.locator("#pending")).to_contain_text("In force on the controller since")
    expect(page.get_by_role("link", name="Give a badge")).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_locker_is_opened_for_someone(site, open_page, width):
    page = open_page(width=width)
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    reach(page, page.locator("#t-montreuil-1-5 a"))
    page.keyboard.press("Enter")
    press(page, "Open remotely")
    reach(page, page.get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    press(page, "Open locker 5")
    expect(page.locator(".step[aria-current=step]")).to_contain_text("Accepted by the block")
    reach(page, page.get_by_role("link", name="Locker 5"))
    for state in ("accepted", "released", "not_opened"):
        site.bank_replies(state)
    expect(page.get_by_role("link", name="Ask again")).to_be_visible()
    expect(page.locator("a.back")).to_be_focused()
    press(page, "Ask again")
    expect(page.get_by_role("heading", name="Open locker 5")).to_be_visible()
    assert site.count(CommandRecord) == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_a_contract_ends_and_what_was_left_is_put_away(site, open_page, width):
    contract = site.contracts["Lucie Petit"]
    page = open_page(f"/contracts/{contract}/end", width=width, may_fail=True)
    choose(page, "#reason", "No news")
    reach(page, page.locator("#last_day"))
    page.keyboard.type("01012020")
    press(page, "End the contract")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#reason")).to_have_value("no_news")
    reach(page, page.locator("#last_day"))
    page.keyboard.press("Backspace")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Backspace")
    press(page, "End the contract")
    expect(page.get_by_role("status")).to_contain_text("The contract has ended")


@pytest.mark.parametrize("width", [390, 1280])
def test_what_was_left_is_written_down_and_put_away(site, open_page, width):
    with site.app.state.database.writing() as db:
        contract = site.contracts["Lucie Petit"]
        contracts.end(db, contract, reason="no_news", collect_days=0, actor="t", now=unix_ms())
    page = open_page("/safekeeping", width=width, may_fail=True)
    reach(page, page.locator("form", has_text="Lucie Petit").get_by_role("button"))
    page.keyboard.press("Enter")
    choose(page, "#kind", "Bag")
    reach(page, page.locator("#quantity"))
    page.keyboard.type("none")
    press(page, "Add")
    expect(page.get_by_role("alert")).to_be_focused()
    reach(page, page.locator("#quantity"))
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    press(page, "Add")
    expect(page.get_by_text("2 × Bag").first).to_be_visible()
    reach(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    reach(page, page.locator("#witness_name"))
    page.keyboard.type("Omar")
    press(page, "The inventory is complete")
    reach(page, page.locator("#place"))
    page.keyboard.type("Shelf 3")
    press(page, "It is put away")
    expect(page.get_by_role("heading", name="Give back")).to_be_visible()
    with site.app.state.database.reading() as db:
        assert db.query(Custody).one().place == "Shelf 3"


def test_on_a_person_s_page_the_focus_goes_the_way_the_page_is_read(site, open_page):
    page = open_page(f"/people/{site.people['Awa Diallo']}")
    reach(page, page.get_by_role("link", name="Block the badge"))
    left_first = page.evaluate(PLACE)
    reach(page, page.get_by_role("link", name="Bloc de la mairie, 5"))
    assert page.evaluate(PLACE)[1] > left_first[1]


def test_the_part_of_a_date_that_opens_the_calendar_shows_that_it_has_the_focus(site, open_page):
    page = open_page(f"/contracts/{site.contracts['Awa Diallo']}/end")
    reach(page, page.locator("#last_day"))
    for _ in range(3):  # day, month, year, then the calendar
        page.keyboard.press("Tab")
    expect(page.locator("#last_day")).to_be_focused()
    assert page.evaluate(SHOWN) == [True, True]


def test_on_a_phone_a_count_that_is_half_out_of_its_row_comes_into_sight_with_the_focus(site, open_page):
    page = open_page(width=390)
    counts = page.locator(".counts a")
    for number in range(counts.count()):
        reach(page, counts.nth(number))
        assert page.evaluate("document.activeElement.getBoundingClientRect().right") <= 390
