"""What the uplink asks of the runtime: the time, what to say of itself, and to take what has arrived."""

from typing import Protocol

from controller.inputs import Moment
from wire.messages import Birth, Health, Session
from wire.topics import Topic


class Node(Protocol):
    """Answered on the loop, at once."""

    def now(self) -> Moment:
        """The time, read once for one input."""

    def session_started(self, session: Session) -> None:
        """Commands of this session count from here."""

    def session_ended(self) -> None:
        """Nothing that was sent in the session counts any longer."""

    def beat_sent(self, beat: str) -> None:
        """A beat is about to go out."""

    def birth(self, session: Session, beat: str) -> Birth:
        """The birth of this session, as of now."""

    def health(self, session: Session, beat: str) -> Health:
        """How the controller is, as of now."""

    def received(self, topic: Topic, envelope: bytes, retained: bool) -> None:
        """A message on one of the topics that go down."""

    def refused(self, topic: str, code: str) -> None:
        """A message was refused unread: counted."""

    def alarm(self, source: str, code: str, *, present: bool = True) -> None:
        """A fault of the wire began or ended."""
