"""msgspec's word on a wrong setting, made fit for the person who writes the file: which key, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from hw.errors import Path, SettingsError


def decode(table: object, wanted: type[Any]) -> Any:
    """A table as the settings struct `wanted`. Raises SettingsError; its path is relative to the table."""
    try:
        return msgspec.convert(table, wanted)
    except msgspec.ValidationError as error:
        raise _explained(str(error), wanted) from error


def _explained(message: str, wanted: type[Any]) -> SettingsError:
    text, _, at = message.partition(" - at `$")
    text = text.partition(" matching regex")[0]  # the allowed values say it in words
    path = _path(at.rstrip("`"))
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", text):
        return SettingsError((*path, unknown[1]), f"unknown key {unknown[1]}; allowed: {_allowed(wanted, path)}")
    if missing := re.fullmatch(r"Object missing required field `(.+)`", text):
        return SettingsError(path, f"the key {missing[1]} is missing; allowed: {_allowed(wanted, path)}")
    if named := re.fullmatch(r"(\w+): (.+)", text, re.DOTALL):  # from a __post_init__
        return SettingsError((*path, named[1]), named[2])
    allowed = _allowed(wanted, path)
    return SettingsError(path, f"{text[0].lower()}{text[1:]}" + (f"; allowed: {allowed}" if allowed else ""))


def _path(text: str) -> Path:
    keys = re.findall(r"\.([^.\[]+)|\[(\d+)\]", text)
    return tuple(int(index) if index else name for name, index in keys)


def _allowed(wanted: type[Any], path: Path) -> str:
    """What may stand there, in words; empty where its type says it all."""
    kinds = list(_single([inspect.type_info(wanted)]))
    for part in path:
        kinds = [each for kind in kinds for each in _single(_inside(kind, part))]
    return " or ".join(word for kind in kinds if (word := _word(kind)))


def _inside(kind: inspect.Type, part: str | int) -> list[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields if field.encode_name == part]
    return [kind.item_type] if isinstance(kind, inspect.ListType | inspect.VarTupleType) else []


def _single(kinds: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """Each of the types a union offers; one that has a description stays with it."""
    for kind in kinds:
        if isinstance(kind, inspect.UnionType):
            yield from _single(kind.types)
        elif isinstance(kind, inspect.Metadata) and "description" not in (kind.extra_json_schema or {}):
            yield from _single([kind.type])
        else:
            yield kind


def _word(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {})["description"])
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return " or ".join(word for item in _single([kind.item_type]) if (word := _word(item)))
    if isinstance(kind, inspect.IntType) and kind.ge is not None:
        return f"{kind.ge} to {kind.le}"
    if isinstance(kind, inspect.StructType):
        return ", ".join([*([kind.tag_field] if kind.tag_field else []), *(field.encode_name for field in kind.fields)])
    return "true or false" if isinstance(kind, inspect.BoolType) else ""
