"""The guides speak of what is there: their paths, names, excerpts and settings are held against the files."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from hw import registry
from hw.readers.pn532 import Pn532Settings

ROOT = Path(__file__).parents[3]
GUIDES = {name: (ROOT / "docs" / name).read_text() for name in ("adding-a-device.md", "desfire.md")}
SPANS = re.compile(r"`([^`\n]+)`")
BLOCKS = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
PATH = re.compile(r"(?:hw|simulator|tests|wire|docs|controller|gateway|deploy)/[\w./-]+")
NAME = re.compile(r"\w+")


def spans(text: str) -> list[str]:
    return SPANS.findall(BLOCKS.sub("", text))


def defined(path: Path) -> set[str]:
    """Every name that a Python file defines, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def rows() -> list[tuple[str, str]]:
    """Each file that a table of a guide names in its first column, with each name in the second."""
    found = []
    for text in GUIDES.values():
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("| `") and PATH.fullmatch(cells[0].strip("`")):
                found += [(cells[0].strip("`"), name) for name in SPANS.findall(cells[1]) if NAME.fullmatch(name)]
    return found


def excerpts() -> list[tuple[str, str]]:
    blocks = [block for text in GUIDES.values() for kind, block in BLOCKS.findall(text) if kind == "python"]
    return [(block.partition("\n")[0].removeprefix("# "), block.partition("\n")[2].rstrip()) for block in blocks]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_in_a_guide_is_there(guide: str) -> None:
    paths = [path for span in spans(GUIDES[guide]) for path in PATH.findall(span)]
    links = [target for target in re.findall(r"\]\(([^)#:]+)\)", GUIDES[guide]) if target]
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert missing + [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_name_in_a_guides_tables_is_defined_in_its_file() -> None:
    named = rows()
    assert len(named) > 30
    assert [(path, name) for path, name in named if name not in defined(ROOT / path)] == []


def test_every_excerpt_stands_in_its_file_word_for_word() -> None:
    shown = excerpts()
    assert len(shown) == 5
    assert [path for path, text in shown if text not in (ROOT / path).read_text()] == []


def test_the_settings_of_the_guide_to_desfire_are_accepted() -> None:
    (block,) = [block for kind, block in BLOCKS.findall(GUIDES["desfire.md"]) if kind == "toml"]
    settings = registry.decode("readers", tomllib.loads(block)["readers"]["entrance"])
    assert isinstance(settings, Pn532Settings)
    assert settings.desfire is not None
    assert settings.desfire.key_number == 1


def test_every_device_has_its_codec_driver_simulated_board_and_registrations() -> None:
    """What the guide to adding a device promises holds for all of them: nothing is simulated that is not driven."""
    from simulator import registry as simulated

    driven = {section: set(drivers) for section, drivers in registry._SECTIONS.items()}
    plans = {"boards": simulated.BOARDS, "readers": simulated.READERS, "inputs": simulated.INPUTS}
    for section, kinds in plans.items():
        assert {str(kind.__struct_config__.tag) for kind in kinds} == driven[section], section
