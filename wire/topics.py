"""MQTT topics: `casier/1/{controller}/{name}`, and which way each one goes."""

import re
from enum import StrEnum

PREFIX = "casier/1"
_CONTROLLER = re.compile(r"[a-z0-9-]{1,40}")


class Topic(StrEnum):
    """The last level of a topic; it decides the payload type and whose key may sign."""

    STATUS = "status"
    HEALTH = "health"
    EVENTS = "events"
    REPLIES = "replies"
    TRUST = "trust"
    KEYS = "keys"
    ACCESS = "access"
    COMMANDS = "commands"
    RECEIPTS = "receipts"

    payload_type: str
    """The DSSE payload type of this topic's messages."""

    def __init__(self, level: str) -> None:
        self.payload_type = f"application/vnd.casier.{level}+json"


UP = (Topic.STATUS, Topic.HEALTH, Topic.EVENTS, Topic.REPLIES)
DOWN = (Topic.TRUST, Topic.KEYS, Topic.ACCESS, Topic.COMMANDS, Topic.RECEIPTS)
RETAINED = (Topic.STATUS, Topic.TRUST, Topic.KEYS, Topic.ACCESS)


def is_controller_id(text: str) -> bool:
    """Whether `text` may name a controller: 1 to 40 of a-z, 0-9 and the hyphen."""
    return _CONTROLLER.fullmatch(text) is not None


def topic_name(controller: str, topic: Topic) -> str:
    """The full topic of one controller."""
    return f"{PREFIX}/{controller}/{topic.value}"


def parse_topic(name: str) -> tuple[str, Topic] | None:
    """Controller and topic of a full topic name, or None if it is not one of ours."""
    parts = name.split("/")
    if len(parts) != 4 or f"{parts[0]}/{parts[1]}" != PREFIX or not is_controller_id(parts[2]):
        return None
    try:
        return parts[2], Topic(parts[3])
    except ValueError:
        return None
