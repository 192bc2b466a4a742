"""What every route of the API needs: the database, the time, who asks, and the shape of a page."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from gateway.access.commands import Orders
from gateway.access.keystore import Keystore
from gateway.db import Database
from gateway.errors import InvalidError, SignInError
from gateway.paging import MAX_PAGE_SIZE, PAGE_SIZE
from gateway.staff import addresses, scope
from gateway.staff.service import SignedIn, token_holder

T = TypeVar("T")
_bearer = HTTPBearer(auto_error=False, description="made with `casier-gateway token add`, works until `token revoke`")


class Schema(BaseModel):
    """Base of what the API takes and gives; unknown fields are a mistake, not ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class PageOut(BaseModel, Generic[T]):
    """A page of a list; pass `next` as `after` for the following one, until it is null."""

    items: list[T]
    next: str | None = Field(description="cursor of the following page, null at the end")


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _now(request: Request) -> int:
    now: Callable[[], int] = request.app.state.now
    return now()


def _writing(request: Request) -> Callable[[], AbstractContextManager[tuple[Session, int]]]:
    @contextmanager
    def writing() -> Iterator[tuple[Session, int]]:
        with _database(request).writing() as session:
            yield session, _now(request)

    return writing


def _orders(request: Request) -> Orders:
    orders: Orders = request.app.state.orders
    return orders


def _keystore(request: Request) -> Keystore:
    keystore: Keystore = request.app.state.keystore
    return keystore


def _heard(request: Request) -> Callable[[str], bool]:
    heard: Callable[[str], bool] = request.app.state.presence.heard
    return heard


Db = Annotated[Database, Depends(_database)]
Now = Annotated[int, Depends(_now)]
# A unit of work and its instant, taken when it is the only writer: a list issued later is known to hold the change. For
# decisions that pages follow until they are in force.
Writing = Annotated[Callable[[], AbstractContextManager[tuple[Session, int]]], Depends(_writing)]
OrdersIn = Annotated[Orders, Depends(_orders)]
Keys = Annotated[Keystore, Depends(_keystore)]
Heard = Annotated[Callable[[str], bool], Depends(_heard)]


async def _said(request: Request) -> Mapping[str, Any]:
    """The fields of a JSON body, whatever its header calls it; what cannot be read is refused where it is used."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _caller(
    request: Request,
    database: Db,
    said: Annotated[Mapping[str, Any], Depends(_said)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> SignedIn:
    """Who the bearer token acts as.

    Raises SignInError (`token`), ForbiddenError (`role`, `organisation`), NotFoundError for what is out of sight.
    """
    if credentials is None:
        raise SignInError("token", "send an API token: Authorization: Bearer casier_...")
    with database.reading() as session:
        who = token_holder(session, credentials.credentials)
    addresses.require(who.role, request.method, request.scope["path"])
    scope.require_seen(database, who, request, said)
    return who


def only_known_queries(request: Request) -> None:
    """A misspelt filter must not answer with everything, and no address names anyone.

    Raises InvalidError with code `query`.
    """
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    unknown = sorted(set(request.query_params) - known)
    if "search" in unknown:
        raise InvalidError("query", "no name goes into an address: send it in the body of POST /api/v1/people/search")
    if unknown:
        raise InvalidError(
            "query", f"unknown {unknown[0][:40]!r} in the query; known here: {', '.join(sorted(known)) or 'none'}"
        )


Caller = Annotated[SignedIn, Depends(_caller)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="items per page")]
After = Annotated[str | None, Query(max_length=64, description="cursor: `next` of the page before")]
PAGE = PAGE_SIZE
AUTHORISED: list[Any] = [Depends(_caller)]
