"""A post that keeps what is sent, and a town that is watched."""

import pytest

from tests.unit.gateway.alerts.rounds import Post, channel, round_of
from tests.unit.gateway.town import NOON, Town


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def watched(town: Town, post: Post) -> Town:
    """A town that was looked at before anything happened, with one channel."""
    assert round_of(town, post, NOON) == []
    channel(town)
    return town
