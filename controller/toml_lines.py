"""Finds the line of a key in a TOML file: tomllib reads values but keeps no lines."""

import re
from pathlib import Path as FilePath

Path = tuple[str | int, ...]
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(dotted)]


class TomlLines:
    """Lines of every table and key of a TOML text that tomllib accepts."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        table: Path = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(line):
                table = self._enter(header[1] == "[[", _parts(header[2]))
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                path = table
                for part in _parts(key[1]):
                    path = (*path, part)
                    self._lines.setdefault(path, number)

    def _enter(self, array: bool, names: list[str]) -> Path:
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if array and position == len(names) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def line(self, path: Path) -> int:
        """The line of that key, or of the nearest thing around it that has one; 1 if nothing has."""
        first = (*path, 0)
        if first in self._lines:
            path = first
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def line_of(file: FilePath, *path: str | int) -> int:
    """The line of a key in a file that was read before."""
    return TomlLines(file.read_text(encoding="utf-8")).line(path)
