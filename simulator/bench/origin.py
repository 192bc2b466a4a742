"""Keeps other web pages out: a page from elsewhere in the same browser must not tap badges or cut the power."""

from urllib.parse import urlsplit

from fastapi import Request

_READING = ("GET", "HEAD", "OPTIONS")


def is_foreign(request: Request) -> bool:
    """Whether a page of another origin sent this request; programs send neither of the two headers and may."""
    if request.method in _READING:
        return False
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
