"""What staff see and do in a real browser: live, with the keyboard, in few taps, and readable by everyone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.access.models import CommandRecord
from gateway.alerts import service as alerts
from gateway.app import unix_ms
from gateway.badges.models import Badge
from gateway.care import offers, waiting
from gateway.care.codes import AttemptResult, ContactKind, Source
from gateway.contracts import away, notices, trusted
from gateway.contracts import service as contracts
from gateway.custody import service as custody
from gateway.custody.codes import Thing, Witness
from gateway.days import local_day
from gateway.incidents import exclusions, hazards
from gateway.incidents import service as incidents
from gateway.incidents.codes import AppealBy, HazardAction, HazardKind, IncidentKind, Part
from gateway.incidents.service import Concerned
from gateway.lockers import keys
from gateway.lockers.models import Organisation, Site
from gateway.luggage import service as luggage
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from gateway.staff.models import Staff
from tests.e2e.web.conftest import BANK

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"


def pages_of(site) -> dict[str, str]:
    """Every page there is, by name."""
    person, contract, badge = (kind["Awa Diallo"] for kind in (site.people, site.contracts, site.badges))
    return {
        "wall": "/",
        "wall narrowed": "/?state=occupied&site=&block=montreuil-1",
        "locker": "/lockers/montreuil-1/5",
        "free locker": "/lockers/montreuil-1/1",
        "open": "/lockers/montreuil-1/5/open",
        "open offline": "/lockers/lille-1/1/open",
        "people": "/people",
        "new person": "/people/new",
        "person": f"/people/{person}",
        "suspended person": f"/people/{site.people['Mo Farah']}",
        "give badge": f"/people/{person}/badge",
        "revoke": f"/badges/{badge}/revoke",
        "pin": f"/badges/{badge}/pin",
        "handover": "/handover",
        "suspend": f"/contracts/{contract}/suspend",
        "renew": f"/contracts/{contract}/renew",
        "move": f"/contracts/{contract}/move",
        "end": f"/contracts/{contract}/end",
        "resume": f"/contracts/{site.contracts['Mo Farah']}/resume",
        "emptied": f"/contracts/{site.contracts['Ana Pereira']}/emptied",
        "blocks": "/blocks",
        "block": "/blocks/montreuil-1",
        "reconcile": "/blocks/montreuil-1/reconcile",
        "reconcile held": "/blocks/lille-1/reconcile",
    }


def care_pages_of(site) -> dict[str, str]:
    """The pages of care, the desk and safekeeping, with something on each."""
    now, contract, left = unix_ms(), site.contracts["Awa Diallo"], site.contracts["Lucie Petit"]
    person, today = f"/people/{site.people['Awa Diallo']}", local_day("Europe/Paris", now)
    with site.app.state.database.writing() as db:
        trusted.trust(db, contract, name="Fatou", from_on=today, until_on=today, actor="t", now=now)
        notices.leave(db, contract, why="mail", actor="t", now=now)
        luggage.take_in(db, contract, kind=Thing.BAG, description="blue", actor="t", now=now)
        away.leave(db, site.people["Mo Farah"], kind="hospital", from_on=today, actor="t", now=now)
        contracts.end(db, left, reason="no_news", collect_days=0, actor="t", now=now)
        bag = custody.begin(db, left, actor="t", now=now)
        custody.add_thing(db, bag.id, kind=Thing.PAPERS, actor="t", now=now)
        scheme = schemes.list_schemes(db).items[0].id
        waits = [
            waiting.add_to_list(db, site.people[name], waiting.Wait(scheme, Source.PARTNER), actor="t", now=now).id
            for name in ("Karim B.", "Mo Farah")
        ]
        offer = offers.make_offer(db, waits[0], locker=(BANK, 20), answer_by=today, actor="t", now=now)
        offers.record_attempt(db, offer.id, kind=ContactKind.PHONED, result=AttemptResult.REACHED, actor="t", now=now)
    return {
        "person": person,
        "away": f"/people/{site.people['Mo Farah']}",
        "contact": f"{person}/contact",
        "absence": f"{person}/absence",
        "death": f"{person}/death",
        "who may open": f"/contracts/{contract}/people",
        "message": f"/contracts/{contract}/message",
        "how it ended": f"/contracts/{left}/how",
        "waiting list": "/waiting",
        "onto the list": "/waiting/new",
        "offer": f"/waiting/{waits[0]}",
        "no offer": f"/waiting/{waits[1]}",
        "my people": "/my-people",
        "leaves": "/leaves",
        "safekeeping": "/safekeeping",
        "bag": f"/safekeeping/{bag.id}",
        "ready": "/lockers/montreuil-1/7/ready",
        "desk": "/desk",
        "sheet": f"/sheets/{contract}",
    }


def rare_pages_of(site) -> dict[str, str]:
    """Places, schemes, alerts and what else an operator sees, with something on each."""
    now = unix_ms()
    with site.app.state.database.writing() as db:
        operator = db.query(Staff).one()
        operator.role = "operator"
        organisation = db.query(Organisation).one().id
        library = schemes.add_scheme(
            db, organisation_id=organisation, service=Service.TOOLS, name="Tools", actor="t", now=now
        )
        keys.fit_key_lock(db, "montreuil-1", 20, actor="t", now=now)
        keys.add_key(db, "montreuil-1", 20, key_number="A 17", actor="t", now=now)
        alerts.add_channel(db, label="On call", address="json://127.0.0.1", actor="t", now=now)
        hazard = hazards.report(db, bank_id="montreuil-1", number=5, kind=HazardKind.WET, actor=operator.id, now=now).id
        hazards.inspect(
            db, hazard, witness_kind=Witness.HOLDER, found=HazardKind.WET, action=HazardAction.DRIED_OR_CLEANED,
            actor=operator.id, now=now,
        )  # fmt: skip
        place, people = db.query(Site).filter_by(name="Montreuil").one().id, list(site.people.values())[:2]
        concerned = {person: Concerned(Part.DID) for person in people}
        incident = incidents.report(
            db, site_id=place, kind=IncidentKind.ABUSE, people=concerned, actor=operator.id, now=now
        ).id
        today = local_day("Europe/Paris", now)
        exclusion = exclusions.exclude(
            db, person_id=people[0], site_id=place, from_on=today, until_on=today, reason=IncidentKind.ABUSE,
            incident_id=incident, actor=operator.id, now=now,
        )  # fmt: skip
        excluded = exclusion.id
        exclusions.appeal(db, excluded, made_by=AppealBy.PERSON, actor=operator.id, now=now)
    return {
        "incidents": "/incidents",
        "incident": f"/incidents/{incident}",
        "new incident": "/incidents/new",
        "exclusions": "/exclusions",
        "exclusion": f"/exclusions/{excluded}",
        "out of service": "/lockers/montreuil-1/5/service",
        "back in service": "/lockers/montreuil-1/9/service",
        "block as a place": "/places/montreuil-1",
        "locker as a thing": "/places/montreuil-1/20",
        "scheme": f"/schemes/{library.id}",
        "terms": f"/schemes/{library.id}/terms",
        "alerts": "/alerts",
        "openings": "/openings",
        "hazard": f"/hazards/{hazard}",
        "notice": f"/hazards/{hazard}/print?in=en",
        "reports": "/reports",
    }


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, as rule and element."""
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def in_every_state(site) -> None:
    """The lockers of the bank in all the states a wall can show."""
    site.bank_says("door_opened", 5, release="r")
    site.bank_says("door_forced", 6)
    site.bank_says("not_opened", 7)
    site.bank_says("door_left_open", 8)
    site.bank_says("out_of_service", 9)
    site.bank_says("sensor_fault", 10)
    site.bank_says("tamper", 11, source="locker 11", code="latch_released", active=True)
    site.bank_says("door_left_open", 12, code="ajar", sensor="latch", open_ms=3000)
    with site.app.state.database.writing() as db:
        from gateway.access.service import controller_of

        controller_of(db, "lille-1").held_since = 1


@pytest.mark.parametrize(("width", "language", "dark"), [(390, "fr", False), (1280, "en", True), (390, "pt", False)])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(site, open_page, width, language, dark):
    in_every_state(site)
    page = open_page(width=width, language=language, dark=dark)
    every = pages_of(site)
    # The small screen in Portuguese sees the pages of care, the wide one those that are rare, the others all the rest.
    if width == 1280:
        every |= rare_pages_of(site)
    if language == "pt":
        every = care_pages_of(site) | {name: every[name] for name in ("wall", "locker", "handover", "reconcile held")}
    for name, path in every.items():
        page.goto(site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.locator("html").get_attribute("lang") == language
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        targets = page.eval_on_selector_all(
            "main .button, main .input, main .choice, main .locker, .nav a, .top button, main summary",
            "all => all.filter(e => e.checkVisibility() && e.offsetHeight < 44).map(e => e.outerHTML)",
        )
        assert targets == [], name


def test_the_sign_in_and_error_pages_have_no_accessibility_violation(site, open_page):
    page = open_page(may_fail=True)
    page.click("form[action='/sign-out'] button")
    expect(page).to_have_url(site.url + "/sign-in")
    assert violations(page) == []
    page.fill("#email", "nobody@example.org")
    page.fill("#password", "not this one")
    page.click("main form button")
    expect(page.get_by_role("alert")).to_be_focused()
    assert violations(page) == []


def test_a_door_that_opens_shows_on_the_wall_within_a_second_and_is_said_aloud(site, open_page):
    page = open_page()
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    expect(page.locator("#t-montreuil-1-5")).to_contain_text("Occupied")
    site.bank_says("door_opened", 5, release="r")
    expect(page.locator("#t-montreuil-1-5 .locker__state")).to_have_text("Open", timeout=1_000)
    expect(page.locator("#news")).to_contain_text("Locker 5: Open")
    site.bank_says("door_closed", 5, open_ms=900)
    expect(page.locator("#t-montreuil-1-5 .locker__state")).to_have_text("Occupied", timeout=1_000)


def test_a_live_update_never_moves_the_focus(site, open_page):
    page = open_page()
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    page.locator("#t-montreuil-1-5 a").focus()
    site.bank_says("door_forced", 5)
    expect(page.locator("#t-montreuil-1-5")).to_contain_text("Forced")
    expect(page.locator("#t-montreuil-1-5 a")).to_be_focused()


def test_a_tile_appears_on_a_narrowed_wall_when_its_state_comes_to_match(site, open_page):
    page = open_page("/?state=forced")
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    expect(page.locator("#t-montreuil-1-6")).to_be_hidden()
    site.bank_says("door_forced", 6)
    expect(page.locator("#t-montreuil-1-6")).to_be_visible()


def test_a_block_that_falls_silent_shows_offline_on_every_tile(site, open_page):
    page = open_page()
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    site.bank_falls_silent()
    expect(page.locator("#b-montreuil-1-head")).to_contain_text("Offline since")
    expect(page.locator("#t-montreuil-1-5 .locker__state")).to_have_text("Offline")
    expect(page.locator("#t-montreuil-1-5")).to_contain_text("Occupied")


def test_opening_for_someone_takes_four_taps_and_follows_the_bank(site, open_page):
    page = open_page(width=390)
    page.click("#t-montreuil-1-5 a")
    page.get_by_role("link", name="Open remotely").click()
    page.get_by_text("The holder is here").click()
    page.get_by_role("button", name="Open locker 5").click()
    expect(page.get_by_text("Accepted by the block")).to_be_visible()
    current = page.locator(".step[aria-current=step]")
    expect(current).to_contain_text("Accepted by the block")
    site.bank_replies("accepted")
    expect(current).to_contain_text("Lock released")
    site.bank_replies("released")
    expect(current).to_contain_text("Door opened")
    expect(page.get_by_text("The door is open")).to_have_count(0)
    site.bank_replies("opened")
    expect(page.locator("#command .notice")).to_contain_text("The door is open", timeout=1_000)
    expect(page.locator("#news")).to_contain_text("The door is open")


def test_a_jammed_door_is_shown_live(site, open_page):
    page = open_page("/lockers/montreuil-1/5/open", width=390, language="fr")
    page.get_by_text("Maintenance").click()
    page.get_by_role("button", name="Ouvrir le casier 5").click()
    expect(page.locator("#command")).to_be_visible()
    for state in ("accepted", "released", "not_opened"):
        site.bank_replies(state)
    expect(page.locator("#command .notice")).to_contain_text("Porte coincée")
    expect(page.get_by_role("link", name="Redemander")).to_be_visible()


def test_revoking_takes_three_taps_from_the_wall_and_shows_when_it_is_in_force(site, open_page):
    page = open_page(width=390)
    page.click("#t-montreuil-1-5 a")
    page.get_by_role("link", name="Block the badge").click()
    page.get_by_role("button", name="Block the badge now").click()
    expect(page.locator("#pending")).to_contain_text("NOT yet in force")
    site.publish(applied=True)
    expect(page.locator("#pending")).to_contain_text("In force on the controller since", timeout=1_000)


def test_a_double_click_opens_once(site, open_page):
    page = open_page("/lockers/montreuil-1/5/open")
    page.get_by_text("The holder is here").click()
    page.get_by_role("button", name="Open locker 5").dblclick()
    expect(page.locator("#command")).to_be_visible()
    assert site.count(CommandRecord) == 1


def test_search_narrows_while_typing_and_keeps_focus_and_address(site, open_page):
    page = open_page("/people")
    page.locator("#name").press_sequentially("dial", delay=20)
    expect(page.locator("#found .row")).to_have_count(1)
    expect(page.locator("#name")).to_be_focused()
    assert page.url == site.url + "/people"


def test_handing_over_works_with_the_keyboard_alone(site, open_page):
    page = open_page("/handover?locker=montreuil-1/1")
    page.locator("#new_name").focus()
    page.keyboard.type("Nadia K.")
    page.locator("#badge").focus()
    page.keyboard.type("A-2")
    page.get_by_role("button", name="Hand over").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nadia K.")).to_be_visible()
    with site.app.state.database.reading() as db:
        assert db.get(Badge, site.stock[0]).person_id is not None


def test_the_conditions_of_a_scheme_show_once_it_is_chosen(site, open_page):
    with site.app.state.database.writing() as db:
        organisation = db.query(Organisation).one().id
        schemes.add_scheme(
            db, organisation_id=organisation, service=Service.LUGGAGE, name="Bags", actor="t", now=unix_ms()
        )
    page = open_page("/handover?locker=montreuil-1/1", width=390)
    asked = page.get_by_label("Lives in the town")
    expect(page.locator("[name=scheme]:checked")).to_have_count(0)
    expect(asked).to_be_hidden()
    page.locator("[name=scheme]").first.focus()
    page.keyboard.press("Space")
    expect(asked).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Solidarity lockers")).to_be_checked()
    expect(asked).to_be_hidden()


def test_a_lost_connection_is_told_and_not_hidden(site, open_page):
    page = open_page(may_fail=True)
    live = page.locator(".live")
    expect(live).to_have_attribute("data-live", "on")
    page.context.set_offline(True)
    page.evaluate("document.querySelector('[data-stream]')._htmx.sse.reader.cancel()")
    expect(live).to_have_attribute("data-live", "lost")
    expect(live).to_contain_text("Connection lost")
    page.context.set_offline(False)
    expect(live).to_have_attribute("data-live", "on", timeout=15_000)


def test_signing_out_elsewhere_sends_a_live_page_to_sign_in(site, open_page):
    page = open_page(may_fail=True)
    expect(page.locator(".live")).to_have_attribute("data-live", "on")
    other = page.context.new_page()
    other.goto(site.url + "/blocks")
    other.click("form[action='/sign-out'] button")
    expect(page).to_have_url(site.url + "/sign-in", timeout=20_000)


def test_a_new_badge_is_presented_at_the_block_and_given_while_one_watches(site, open_page):
    person = site.people["Awa Diallo"]
    page = open_page(f"/people/{person}/badge", width=390)
    page.get_by_role("button", name="Present a new badge").click()
    expect(page.locator("#enrolment")).to_contain_text("Present the new badge at the reader now")
    assert violations(page) == []
    site.bank_replies("accepted")
    with site.app.state.database.reading() as db:
        key = db.get(Badge, site.badges["Awa Diallo"]).key_id
    site.bank_replies("enrolled", digest="d" * 32, key=key)
    page.get_by_role("button", name="Give the badge").click()
    expect(page.get_by_text("The badge was given.")).to_be_visible()
    with site.app.state.database.reading() as db:
        badges = db.query(Badge).filter_by(person_id=person).order_by(Badge.registered_at).all()
    assert [(badge.digest == "d" * 32, badge.revoked_why) for badge in badges] == [(False, "replaced"), (True, None)]


def test_a_printed_contract_sets_its_headings_apart_and_leaves_each_signature_half_the_width(site, open_page):
    page = open_page(f"/contracts/{site.contracts['Awa Diallo']}/print", width=390)
    page.emulate_media(media="print")
    gap = "e => e.getBoundingClientRect().top - e.previousElementSibling.getBoundingClientRect().bottom"
    assert min(page.eval_on_selector_all("article h2", f"all => all.map({gap})")) >= 16
    first, second = page.eval_on_selector_all(".signatures td", "all => all.map(e => e.offsetWidth)")
    assert first == pytest.approx(second, abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("width", "hidden", "shown"), [(390, "/blocks", "/people"), (1280, "/reports", "/blocks")])
def test_a_page_that_has_no_place_in_the_navigation_stands_under_the_last_one(site, open_page, width, hidden, shown):
    page = open_page(hidden, width=width)
    weight = "document.querySelector('.nav li:last-child a').computedStyleMap().get('font-weight').value"
    assert page.evaluate(weight) == 700
    page.goto(site.url + shown)
    assert page.evaluate(weight) == 400


def test_what_is_wrong_with_an_address_is_said_within_the_width_of_a_phone(site, open_page):
    with site.app.state.database.writing() as db:
        db.query(Staff).one().role = "operator"
    page = open_page("/alerts", width=390, language="fr", may_fail=True)
    page.fill("#label", "Astreinte")
    page.fill("#address", "nonsense")
    page.click("form[action='/alerts'] > button")
    expect(page.locator("#address-error")).to_contain_text("mailtos://")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
