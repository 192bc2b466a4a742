"""Everything in a person's file on one page, in the reader's language, and as a file."""

from sqlalchemy import select

from gateway.people.models import Person


def test_a_person_s_file_is_one_click_away(site, visitor):
    with site.app.state.database.reading() as session:
        person = next(one for one in session.scalars(select(Person)) if one.name == "Awa Diallo")
    page = visitor.get(f"/people/{person.id}")
    assert f"/people/{person.id}/export" in page.text
    shown = visitor.get(f"/people/{person.id}/export").text
    assert "Awa Diallo" in shown
    assert "Mo Farah" not in shown
    taken = visitor.get(f"/people/{person.id}/export.json")
    assert taken.headers["content-disposition"].startswith("attachment")
    assert taken.json()["tables"]["person"][0]["name"] == "Awa Diallo"
