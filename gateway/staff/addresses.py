"""The right that an address asks for, of pages (page_addresses.py) and of the API (api_addresses.py).

What is in neither table is refused, so that a new address opens nothing until someone has decided.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from gateway.errors import ForbiddenError
from gateway.staff.api_addresses import OF_THE_API
from gateway.staff.page_addresses import OF_PAGES
from gateway.staff.rights import Right, may


def may_go(role: str, method: str, path: str) -> bool:
    """Whether the role may use this address."""
    right = asked(method, path)
    return right is not None and may(role, right)


def require(role: str, method: str, path: str) -> None:
    """Raises ForbiddenError with code `role` unless the role may use this address."""
    if not may_go(role, method, path):
        raise ForbiddenError("role", f"an account with the role {role!r} may not do this: ask a worker or an operator")


def asked(method: str, path: str) -> Right | None:
    """The right that an address asks for; None if nobody has decided. The first line that fits counts."""
    wanted = f"{'GET' if method == 'HEAD' else method} {path.partition('?')[0]}"
    exact = _exact().get(wanted)
    if exact is not None:
        return exact
    return next((right for pattern, right in _patterns() if pattern.fullmatch(wanted)), None)


@cache
def _lines() -> Sequence[tuple[str, Right]]:
    return [(line, right) for table in (OF_PAGES, OF_THE_API) for right, lines in table.items() for line in lines]


@cache
def _exact() -> Mapping[str, Right]:
    return {line: right for line, right in _lines() if "{" not in line}


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Right]]:
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", line)), right) for line, right in _lines() if "{" in line]
