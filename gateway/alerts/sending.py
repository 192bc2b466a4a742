"""Sends one message through apprise: e-mail, SMS gateways and chats, whatever the address names."""

import logging
import warnings
from functools import cache
from typing import Any

import structlog

log = structlog.get_logger("gateway.alerts")


def usable(address: str) -> bool:
    """Whether apprise knows what to do with such an address; nothing is sent."""
    return bool(_apprise().Apprise.instantiate(address, suppress_exceptions=True))


def send(address: str, title: str, body: str) -> bool:
    """Whether the service behind the address took the message; waits for it, at most some seconds."""
    try:
        messenger = _apprise().Apprise()
        return bool(messenger.add(address)) and bool(messenger.notify(title=title, body=body))
    except Exception as error:  # noqa: BLE001 - a plugin's own failure is a letter that did not arrive
        log.warning("alert_not_sent", error=type(error).__name__)
        return False


@cache
def _apprise() -> Any:
    """Loaded at the first use: it brings a hundred services. What it logs holds addresses, and those are secrets."""
    with warnings.catch_warnings():
        # It still uses modules that later versions of Python do without, and carries what replaces them.
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://127.0.0.1")
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return apprise
