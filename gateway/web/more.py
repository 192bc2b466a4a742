"""The page that leads to everything that is not asked for every day."""

from fastapi import APIRouter
from fastapi.responses import Response

from gateway.web import words
from gateway.web.visit import MemberVisit

router = APIRouter()


@router.get("/more")
def more_page(visit: MemberVisit) -> Response:
    """What the navigation of a phone has no room for, and the rarer pages."""
    rest = words.NAVIGATION[words.ALWAYS_SHOWN :]
    pages = [(url, icon, text, "") for _name, url, icon, text in rest] + list(words.MORE)
    return visit.page("more.html", area="more", pages=[page for page in pages if visit.may_go(page[0])])
