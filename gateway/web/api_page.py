"""The page that describes the HTTP API, with everything it shows served from here."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from gateway.web.rendering import environment
from gateway.web.security import CONTENT_POLICY

router = APIRouter()
# Swagger UI's style sheet holds small pictures as data: addresses.
_POLICY = CONTENT_POLICY.replace("img-src 'self'", "img-src 'self' data:")


@router.get("/api/v1/docs", include_in_schema=False)
def api_page() -> HTMLResponse:
    """Open to anyone: it says what can be asked, and answers only with a token."""
    page = environment("en").get_template("api.html").render()
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})
