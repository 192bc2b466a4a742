"""What a town says through all faults is what wire/asyncapi.yaml documents: no message and no entry beside it."""

from collections import Counter
from typing import Any

import pytest

from simulator.world.connection import WorldConnection
from simulator.world.faults.families import FAULTS
from simulator.world.gateway_transport import GatewayTransport
from simulator.world.run import run
from tests.wire_document import assert_message_conforms, message_name

SAID = {"Birth", "Health", "Batch", "Receipt", "AccessList", "Reply", "Command", "Trust", "Keys"}


def test_all_that_a_town_says_through_all_faults_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    said: Counter[str] = Counter()
    for speaker in (WorldConnection, GatewayTransport):
        publish = speaker.publish

        def checked(self: Any, topic: str, payload: bytes, *, publish: Any = publish, **more: Any) -> Any:
            assert_message_conforms(topic, payload)
            said[message_name(topic, payload)] += 1
            return publish(self, topic, payload, **more)

        monkeypatch.setattr(speaker, "publish", checked)
    assert run(2, 6, frozenset(FAULTS)).violations == []
    assert set(said) >= SAID, said
