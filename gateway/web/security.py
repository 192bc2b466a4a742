"""What every response carries: a strict content policy and no traces in caches or referrers."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.rendering import static_urls

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
# For what is answered outside of the middleware: an error that nobody foresaw.
NEVER_KEPT = {**HEADERS, "Cache-Control": "no-store"}


class PageHeaders:
    """ASGI middleware: adds the headers; answers with people in them are never stored by a browser or a proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on, headers added to the start of the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Of another version's file, asked for while gateways are being replaced, this one's would be kept for good.
        static = f"{scope['path']}?{scope['query_string'].decode(errors='replace')}" in static_urls()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # A live stream's own "no-cache" would let a browser keep what was in it.
                headers["Cache-Control"] = _FOR_GOOD if static else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)
