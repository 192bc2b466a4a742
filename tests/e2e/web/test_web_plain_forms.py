"""Every action works as a plain form, without scripts; refusals are told beside the field and keep what was typed."""

import threading

import httpx
import pytest

from gateway.access.models import CommandRecord
from gateway.badges.models import Badge
from gateway.contracts.models import Contract
from gateway.people.models import Person


def test_a_wrong_password_is_refused_in_plain_words_and_keeps_the_address(site, visitor):
    visitor.send("/sign-out")
    page = visitor.send("/sign-in", email="lea@example.org", password="wrong password")
    assert page.status_code == 422
    assert "The address or the password is not right" in page.text
    assert 'value="lea@example.org"' in page.text
    assert "wrong password" not in page.text


def test_signed_out_every_page_leads_to_sign_in_and_back(site, visitor):
    visitor.send("/sign-out")
    page = visitor.get("/blocks")
    assert page.url.path == "/sign-in"
    page = visitor.send("/sign-in", email="lea@example.org", password="un mot de passe long")
    assert page.url.path == "/blocks"


def test_the_way_back_never_leads_to_another_site(site, visitor):
    visitor.send("/sign-out")
    for wanted in ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example"):
        visitor.client.cookies.delete("casier_session")
        visitor.get("/sign-in")
        hidden = visitor.hidden("/sign-in") | {"next": wanted}
        answer = visitor.client.post(
            "/sign-in",
            data=hidden | {"email": "lea@example.org", "password": "un mot de passe long"},
            follow_redirects=False,
        )
        assert answer.headers["location"] == "/"


def test_handing_over_makes_person_contract_and_badge_in_one_step(site, visitor):
    visitor.get("/handover?locker=montreuil-1/1")
    page = visitor.send(
        "/handover",
        new_name="Nadia K.",
        locker="montreuil-1/1",
        badge=site.stock[0],
        starts_on="2026-11-21",
        ends_on="2030-11-20",
    )
    assert page.url.path.startswith("/people/")
    assert "Nadia K." in page.text
    assert "Handed over" in page.text
    assert "A-20" in page.text
    assert "NOT yet in force" in page.text
    site.publish(applied=True)
    assert "In force on the controller since" in visitor.get(page.url.path).text


def test_a_locker_already_held_is_refused_beside_its_field_and_the_input_stays(site, visitor):
    people = site.count(Person)
    visitor.get("/handover")
    page = visitor.send(
        "/handover",
        new_name="Nadia K.",
        locker="montreuil-1/5",
        badge=site.stock[0],
        starts_on="2026-11-21",
        ends_on="2030-11-20",
    )
    assert page.status_code == 422
    assert "This locker is held by someone on these days" in page.text
    assert 'value="Nadia K."' in page.text
    assert site.count(Person) == people


def test_a_badge_number_that_means_nothing_is_refused_and_not_shown_in_the_address(site, visitor):
    visitor.get("/handover")
    page = visitor.send(
        "/handover",
        new_name="Nadia K.",
        locker="montreuil-1/1",
        badge_number="12345",
        starts_on="2026-11-21",
        ends_on="2030-11-20",
    )
    assert page.status_code == 422
    assert "This is not a badge number the lockers understand" in page.text
    assert "12345" not in str(page.url)


def test_blocking_a_badge_says_not_in_force_until_the_controller_has_the_list(site, visitor):
    badge = site.badges["Awa Diallo"]
    visitor.get(f"/badges/{badge}/revoke")
    page = visitor.send(f"/badges/{badge}/revoke", reason="lost")
    assert page.url.path == f"/people/{site.people['Awa Diallo']}"
    assert "NOT yet in force: sent at" in page.text
    site.bank_falls_silent()
    assert "NOT yet in force: controller offline since" in visitor.get(page.url.path).text
    site.bank_beats()
    site.publish(applied=True)
    assert "In force on the controller since" in visitor.get(page.url.path).text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "a number can be copied. A DESFire card cannot"),
        ("fr", "un numéro se copie. Une carte DESFire, non"),
        ("pt", "um número copia-se. Um cartão DESFire não"),
    ],
)
def test_the_badge_page_says_that_a_number_alone_can_be_copied(site, visitor, language, words):
    page = f"/people/{site.people['Awa Diallo']}/badge"
    assert words in visitor.client.get(page, headers={"accept-language": language}).text


def test_a_lost_badge_is_replaced_by_one_from_stock_and_the_old_one_is_dead(site, visitor):
    person = f"/people/{site.people['Awa Diallo']}"
    visitor.get(f"{person}/badge")
    page = visitor.send(f"{person}/badge", replaces=site.badges["Awa Diallo"], badge=site.stock[1])
    assert "The badge was given" in page.text
    with site.app.state.database.reading() as db:
        assert db.get(Badge, site.badges["Awa Diallo"]).revoked_why == "replaced"
        assert db.get(Badge, site.stock[1]).person_id == site.people["Awa Diallo"]


@pytest.mark.parametrize(
    ("who", "action", "values", "said"),
    [
        ("Awa Diallo", "suspend", {"reason": "incident", "review_on": "2030-01-01", "fetch": "desk"}, "is suspended"),
        ("Mo Farah", "resume", {}, "The contract is in force again"),
        ("Awa Diallo", "renew", {"ends_on": "2040-01-01"}, "The contract was renewed"),
        ("Awa Diallo", "move", {"locker": "montreuil-1/20"}, "The locker was changed"),
        ("Awa Diallo", "end", {"reason": "own_solution"}, "The contract has ended"),
        ("Ana Pereira", "emptied", {}, "The locker is confirmed empty"),
    ],
)
def test_each_decision_about_a_contract_works_as_a_plain_form(site, visitor, who, action, values, said):
    url = f"/contracts/{site.contracts[who]}/{action}"
    assert visitor.get(url).status_code == 200
    page = visitor.send(url, **values)
    assert page.status_code == 200
    assert said in page.text


def test_a_decision_that_no_longer_fits_is_refused_in_words(site, visitor):
    url = f"/contracts/{site.contracts['Awa Diallo']}/end"
    visitor.get(url)
    stale = visitor.hidden(url)
    visitor.get(f"/contracts/{site.contracts['Awa Diallo']}/suspend")
    decision = {"reason": "safety", "review_on": "2030-01-01", "fetch": "phone"}
    visitor.send(f"/contracts/{site.contracts['Awa Diallo']}/suspend", **decision)
    page = visitor.client.post(
        f"/contracts/{site.contracts['Awa Diallo']}/move", data=stale | {"locker": "montreuil-1/20"}
    )
    assert page.status_code == 422
    assert "The contract has changed meanwhile" in page.text
    assert "Last decision: Suspended, by" in page.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The badge opens the locker day and night"),
        ("fr", "Le badge ouvre le casier jour et nuit"),
        ("pt", "O cartão abre o cacifo de dia e de noite"),
    ],
)
def test_the_contract_prints_in_each_language_with_the_terms_it_was_signed_under(site, visitor, language, said):
    page = visitor.get(f"/contracts/{site.contracts['Awa Diallo']}/print?in={language}")
    assert page.status_code == 200
    for text in (said, "Awa Diallo", f'lang="{language}"'):
        assert text in page.text
    assert "14" in page.text  # days to collect


def test_an_end_keeps_its_other_reasons_and_where_to(site, visitor):
    contract = site.contracts["Awa Diallo"]
    visitor.get(f"/contracts/{contract}/end")
    visitor.send(
        f"/contracts/{contract}/end", reason="work", also_own_solution="yes", decided_by="holder",
        destination="own_housing", stability="lasting",
    )  # fmt: skip
    with site.app.state.database.reading() as db:
        ended = db.get(Contract, contract)
        assert {row.reason for row in ended.end_reasons} == {"work", "own_solution"}
        assert (ended.end_decided_by, ended.destination, ended.stability) == ("holder", "own_housing", "lasting")


def test_opening_shows_each_step_as_the_bank_reports_it_and_never_before(site, visitor):
    visitor.get("/lockers/montreuil-1/5/open")
    page = visitor.send("/lockers/montreuil-1/5/open", reason="holder_present")
    command = page.url.path
    assert command.startswith("/commands/")
    assert 'http-equiv="refresh"' in page.text
    assert "The door is open" not in page.text
    site.bank_replies("accepted")
    site.bank_replies("released")
    assert "The door is open" not in visitor.get(command).text
    site.bank_replies("opened")
    page = visitor.get(command)
    assert "The door is open" in page.text
    assert 'http-equiv="refresh"' not in page.text


def test_a_jammed_door_is_told_with_what_to_do_next(site, visitor):
    visitor.get("/lockers/montreuil-1/5/open")
    command = visitor.send("/lockers/montreuil-1/5/open", reason="holder_present").url.path
    for state in ("accepted", "released", "not_opened"):
        site.bank_replies(state)
    page = visitor.get(command)
    assert "Jammed: the door did not open" in page.text
    assert "Ask again" in page.text


def test_a_locker_tells_decisions_and_remote_openings_but_not_who_came_when(site, visitor):
    site.bank_says("door_opened", 5, release="r")
    site.bank_says("door_closed", 5, open_ms=900)
    site.bank_says("door_forced", 5)
    visitor.get("/lockers/montreuil-1/5/open")
    visitor.send("/lockers/montreuil-1/5/open", reason="holder_present")
    page = visitor.get("/lockers/montreuil-1/5").text
    lately = page[page.index("<h2>Lately</h2>") :]
    assert lately.count('<li class="event">') == 3
    assert "Remote opening by Léa Martin: The holder is here" in lately
    assert "Forced" in lately
    assert "Locker handed over" in lately


def test_an_opening_without_a_reason_is_refused(site, visitor):
    visitor.get("/lockers/montreuil-1/5/open")
    page = visitor.send("/lockers/montreuil-1/5/open")
    assert page.status_code == 422
    assert site.count(CommandRecord) == 0


def test_an_offline_block_takes_no_order_and_says_so(site, visitor):
    visitor.get("/lockers/montreuil-1/5/open")
    hidden = visitor.hidden("/lockers/montreuil-1/5/open")
    site.bank_falls_silent()
    page = visitor.client.post("/lockers/montreuil-1/5/open", data=hidden | {"reason": "emergency"})
    assert page.status_code == 422
    assert "The block is offline, so nothing was sent" in page.text
    assert site.count(CommandRecord) == 0


def test_the_same_form_sent_twice_acts_once(site, visitor):
    people, contracts = site.count(Person), site.count(Contract)
    visitor.get("/handover")
    sent = visitor.hidden("/handover") | {
        "new_name": "Nadia K.",
        "locker": "montreuil-1/1",
        "starts_on": "2026-11-21",
        "ends_on": "2030-11-20",
    }
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(visitor.client.post("/handover", data=sent))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.url.path for answer in answers}) == 1
    assert (site.count(Person), site.count(Contract)) == (people + 1, contracts + 1)


def test_a_form_without_its_token_is_refused_and_changes_nothing(site, visitor):
    badge = site.badges["Awa Diallo"]
    for token in ({}, {"csrf": "guessed"}):
        answer = visitor.client.post(
            f"/badges/{badge}/revoke", data={"reason": "lost", "once": "0123456789abcdef"} | token
        )
        assert answer.status_code == 403
    with site.app.state.database.reading() as db:
        assert db.get(Badge, badge).revoked_at is None


def test_search_finds_part_of_a_name_and_keeps_it_out_of_the_address(site, visitor):
    visitor.get("/people")
    page = visitor.send("/people/search", name="dial")
    assert "Awa Diallo" in page.text
    assert "Mo Farah" not in page.text
    assert page.url.path == "/people/search"
    assert not page.url.query


def test_a_breach_is_told_on_the_wall_until_someone_has_seen_it(site, visitor):
    said = "Opened 2 minutes after the badge was blocked: the block had not received it yet."
    page = visitor.get("/")
    assert said in page.text
    action = next(part for part in page.text.split('"') if part.startswith("/breaches/"))
    assert said not in visitor.send(action).text


def test_a_block_that_waits_for_a_decision_says_so_and_can_be_asked(site, visitor):
    from gateway.access.service import controller_of

    with site.app.state.database.writing() as db:
        controller_of(db, "montreuil-1").held_since = 1
    assert "This block waits for a decision" in visitor.get("/").text
    visitor.get("/blocks/montreuil-1/reconcile")
    page = visitor.send("/blocks/montreuil-1/ask")
    assert "Asked at" in page.text
    refused = visitor.client.post(
        "/blocks/montreuil-1/reconcile",
        data=visitor.hidden("/blocks/montreuil-1/ask") | {"once": "another-form-of-this"},
    )
    assert refused.status_code == 422


def test_choosing_a_language_is_kept_and_comes_back_to_the_same_page(site, visitor):
    visitor.get("/blocks")
    page = visitor.send("/language", language="pt")
    assert page.url.path == "/blocks"
    assert '<html lang="pt"' in page.text
    visitor.get("/?state=free&block=montreuil-1")
    assert visitor.send("/language", language="pt").url.query == b"state=free&block=montreuil-1"
    visitor.get("/people")
    visitor.send("/people/search", name="dial")
    assert visitor.send("/language", language="pt").url.path == "/people"
    assert "Blocos" in visitor.get("/").text


def test_pages_carry_a_strict_policy_and_are_not_stored(site, visitor):
    page = visitor.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"


def test_an_unknown_address_is_a_page_in_plain_words(site, visitor):
    for path in ("/people/nobody", "/lockers/montreuil-1/99", "/nowhere"):
        page = visitor.get(path)
        assert page.status_code == 404
        assert "This page is not here" in page.text


def test_a_badge_gets_a_pin_that_nobody_can_read_and_loses_it_again(site, visitor):
    badge = site.badges["Awa Diallo"]
    person, page = f"/people/{site.people['Awa Diallo']}", f"/badges/{badge}/pin"
    assert page in visitor.get(person).text
    visitor.get(page)
    shown = visitor.send(page, pin="82659174", again="82659174")
    assert shown.url.path == person
    assert "Opens with its PIN" in shown.text
    assert "NOT yet in force" in shown.text
    with site.app.state.database.reading() as db:
        hashed = db.get(Badge, badge).pin
    assert len(hashed) == 32
    for path in (person, page):
        assert "82659174" not in visitor.get(path).text
        assert hashed not in visitor.get(path).text
    shown = visitor.send(page, clear="yes")
    assert "Opens with its PIN" not in shown.text
    assert "PIN taken away" in shown.text
    with site.app.state.database.reading() as db:
        assert db.get(Badge, badge).pin is None


@pytest.mark.parametrize(
    ("pin", "again", "words"),
    [
        ("1234", "1243", "The two are not the same"),
        ("123", "123", "A PIN has 4 to 8 digits"),
        ("12ab", "12ab", "A PIN"),
    ],
)
def test_a_pin_that_is_none_is_refused_beside_its_field_and_not_shown_again(site, visitor, pin, again, words):
    page = f"/badges/{site.badges['Awa Diallo']}/pin"
    visitor.get(page)
    shown = visitor.send(page, pin=pin, again=again)
    assert shown.status_code == 422
    assert words in shown.text
    assert f'value="{pin}"' not in shown.text
    with site.app.state.database.reading() as db:
        assert db.get(Badge, site.badges["Awa Diallo"]).pin is None
