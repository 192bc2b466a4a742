"""Which of a form's problems cannot be seen beside their fields: no field shows them, or its fold is closed."""

from html.parser import HTMLParser

from gateway.web.forms import Form


class _Seen(HTMLParser):
    """Collects the ids outside closed folds."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self._folds: list[bool] = []  # whether each one around is open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a fold, or an id that is to be seen."""
        has = dict(attrs)
        if tag == "details":
            self._folds.append("open" in has)
        elif all(self._folds) and has.get("id"):
            self.ids.add(has["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        """Leaves a fold."""
        if tag == "details" and self._folds:
            self._folds.pop()


def unseen(form: Form, html: str) -> list[str]:
    """The names of fields with a problem that the page shows nowhere."""
    seen = _Seen()
    seen.feed(html)
    return [name for name in form.errors if name and f"{name}-error" not in seen.ids]
