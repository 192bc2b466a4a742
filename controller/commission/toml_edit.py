"""Changes the bank's TOML file: only the keys that need it, every comment kept, in one step or not at all."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Comment, Table, Whitespace

from controller.commission.rewiring import Change
from controller.config import load
from controller.errors import ConfigError, ControllerError
from hw.ports import Coil

Run = tuple[range, range]  # numbers on the doors, and the channels behind them


def changed_text(text: str, changes: Iterable[Change], coils: Mapping[int, Coil]) -> str:
    """The file's text with the changes made, and each locker at its coil."""
    document = tomlkit.parse(text)
    for change in changes:
        _set(document, change)
    lockers = document["lockers"]
    if isinstance(lockers, AoT):
        _renumber(lockers, {coil: number for number, coil in coils.items()})
    return tomlkit.dumps(document)


def shown(path: Path, old: str, new: str) -> str:
    """The difference, as `diff -u` prints it."""
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), f"{path} (new)", n=2)
    return "".join(lines)


def write_config(path: Path, old: str, new: str, coils: Mapping[int, Coil]) -> None:
    """Put `new` in the place of `old`, in one step: a power cut leaves either.

    The new text is read back as the controller will read it before it counts. Raises ControllerError `config_changed`
    when the file is no longer `old`, `config_write` when the new text would not do; OSError.
    """
    target = path.resolve()
    if target.read_text(encoding="utf-8") != old:
        raise ControllerError("config_changed", f"{path} was changed meanwhile: run the same command again")
    draft = target.with_name(f".{target.name}.new")
    try:
        _write_like(target, draft, new)
        _check(draft, coils)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _write_like(like: Path, draft: Path, text: str) -> None:
    """Write `draft`, durable, with the mode and owner of `like`."""
    status = like.stat()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), status.st_mode & 0o7777)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
        file.flush()
        os.fsync(file.fileno())


def _check(draft: Path, coils: Mapping[int, Coil]) -> None:
    try:
        bank = load(draft)
    except ConfigError as error:
        raise ControllerError(
            "config_write", f"the file is left as it is; the new one would not do: {error}"
        ) from error
    if {number: coil for number, (coil, _) in bank.lockers.items()} != dict(coils):
        raise ControllerError(
            "config_write",
            "the file is left as it is: its [[lockers]] are written in a way that cannot be changed here",
        )


def _set(document: tomlkit.TOMLDocument, change: Change) -> None:
    *tables, key = change.path
    table: Any = document
    for name in tables:
        if name not in table:
            table[name] = tomlkit.table()
        table = table[name]
    known = key in table
    table[key] = change.new
    if not known and isinstance(table, Table):
        table[key].comment(change.why)


def _renumber(tables: AoT, numbers: Mapping[Coil, int]) -> None:
    """Write each table's channels with the numbers of the doors behind them, in as many tables as that takes."""
    for index in reversed(range(len(tables))):
        table = tables[index]
        channels = _range(table["channels"])
        before = _range(table["numbers"])
        now = [numbers[Coil(str(table["board"]), channel)] for channel in channels]
        if now == list(before):
            continue
        first, *rest = _runs(now, channels)
        tail = _cut_tail(table) if rest else []
        for run in reversed(rest):
            new = _like(table, run)
            for item in tail or [tomlkit.nl()]:
                new.add(item)
            tables.insert(index + 1, new)
            tail = []
        if rest:
            table.add(tomlkit.nl())
        _fill(table, first)


def _cut_tail(table: Table) -> list[Comment | Whitespace]:
    """Take off what stands behind a table's keys from the first blank line on: it heads the table that comes next."""
    body = table.value.body
    start = len(body)
    while start and body[start - 1][0] is None:
        start -= 1
    while start < len(body) and not isinstance(body[start][1], Whitespace):
        start += 1
    tail = [item for _, item in body[start:] if isinstance(item, Comment | Whitespace)]
    del body[start:]
    return tail


def _like(table: Table, run: Run) -> Table:
    """A further table for the same board and group."""
    new = tomlkit.table()
    for key, value in table.unwrap().items():
        new[key] = value
    _fill(new, run)
    return new


def _fill(table: Table, run: Run) -> None:
    table["numbers"], table["channels"] = map(_written, run)


def _written(span: range) -> int | str:
    return span.start if len(span) == 1 else f"{span.start}-{span.stop - 1}"


def _range(value: object) -> range:
    """A number or "1-24", as controller/config.py has accepted it."""
    first, _, last = str(value).partition("-")
    return range(int(first), int(last or first) + 1)


def _runs(numbers: list[int], channels: range) -> Iterator[Run]:
    """The pairs as runs in which both count up by one."""
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
            yield (
                range(numbers[start], numbers[index - 1] + 1),
                range(channels[start], channels[index - 1] + 1),
            )
            start = index
