"""What a person may answer, and what stands on the map."""

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from controller.commission.front import parse_doors
from controller.commission.report import as_report, show
from controller.commission.steps import Doors, Reply
from controller.commission.wall_map import page
from tests.unit.controller.commission.model import Model, locker_file, xor

KNOWN = range(1, 25)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("3", Doors((3,))),
        (" 3, 4 ", Doors((3, 4))),
        ("3 4", Doors((3, 4))),
        ("4+4", Doors((4,))),
        ("0", Doors(())),
        ("r", Reply.AGAIN),
        ("S", Reply.SKIP),
        ("q", Reply.STOP),
    ],
)
def test_an_answer_is_doors_or_a_letter(answer: str, meaning: Doors | Reply) -> None:
    assert parse_doors(answer, KNOWN) == meaning


@pytest.mark.parametrize("answer", ["", "three", "3 or 4", "99", "0 3", "-1", "²"])
def test_anything_else_is_asked_again_with_a_hint(answer: str) -> None:
    assert isinstance(parse_doors(answer, KNOWN), str)


def found() -> Model:
    """A bank with a dead sensor and a held locker, on a board whose name tries the page."""
    boards = {"a<b": xor("a<b", 8)}
    return Model(locker_file(6, "a<b"), boards, sensor_at={2: None}, held=frozenset({5}))


class Outside(HTMLParser):
    """Whatever a page would fetch from elsewhere; and its tags, to be balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_the_map_is_one_page_that_fetches_nothing_and_names_every_door() -> None:
    text = page(found().run(), "2026-05-01 14:30", columns=3)
    reader = Outside()
    reader.feed(text)
    assert (reader.fetched, reader.open) == ([], [])
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert [int(number) for number in re.findall(r'font-weight="700">(\d+)<', text)] == [1, 2, 3, 4, 5, 6]
    assert "channel 4" in text
    assert "address 1" in text
    assert "a&lt;b" in text
    assert "a<b" not in text
    assert "did not notice that it opened" in text


def test_the_table_and_the_report_say_the_same() -> None:
    result = found().run()
    console = Console(width=100, file=io.StringIO())
    show(console, result)
    shown = console.file.getvalue()
    report = as_report(result, finished=True, at="2026-05-01T14:30:00+02:00")
    states = {door["number"]: door["state"] for door in report["doors"]}
    assert states == {1: "fine", 2: "fail", 3: "fine", 4: "fine", 5: "held", 6: "fine"}
    assert report["ok"] is False
    for finding in report["findings"]:
        assert finding["text"] in shown
