"""One question with one button, as contracts/confirm.html shows it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Asking:
    """Texts are English messages, translated in the template; `reasons` are (code, text), translated already."""

    title: str
    subject: str
    text: str
    button: str
    icon: str
    url: str
    back_url: str
    back_text: str
    style: str = ""
    reasons: Sequence[tuple[str, str]] = ()
