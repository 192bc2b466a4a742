"""What the gateway's timer does once a night: files in which nothing happened for long are erased."""

from sqlalchemy.exc import DBAPIError

from gateway.care.codes import LeftWhy, OfferOutcome
from gateway.privacy import erasure, terms
from simulator.errors import NotPossibleError
from simulator.world.gateway_database import Killed
from simulator.world.lives.calendar import DAY
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Life, Pact

_WHO = "gateway"
# Far less than anywhere: worlds are short.
_FILE_DAYS = 3
# A gateway does so every night: the look through all files is long, and a world has many nights.
_EVERY = 4 * DAY
# A draft that nobody has signed by its end is over, too.
_OVER = frozenset({Life.ENDED, Life.DRAFT})


class Erasing:
    """Whoever has a contract or things in safekeeping keeps their file; what of it counts in figures stays anyhow."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._loop = office.gateway.broker.loop

    def live(self) -> None:
        """From now on, every few nights."""
        self._loop.after(_EVERY, self._night)

    def _night(self) -> None:
        if self._office.resting:
            return
        self._loop.after(_EVERY, self._night)
        gateway, now = self._office.gateway, self._office.gateway.now()
        if not gateway.running or self._office.is_empty:
            return
        try:
            self._keep_briefly(now)
            erased = erasure.erase_due(gateway.storage.database, actor=_WHO, now=now)
        except Killed:
            gateway.crash()
        except (DBAPIError, NotPossibleError):
            return
        else:
            self._judge([one.person_id for one in erased], now)

    def _keep_briefly(self, now: int) -> None:
        records = self._office.records
        with self._office.gateway.writing() as session:
            for organisation in sorted({one.organisation for one in records.people.values()}):
                if terms.terms_of(session, organisation).file_days != _FILE_DAYS:
                    brief = terms.Terms(file_days=_FILE_DAYS)
                    terms.set_terms(session, organisation, brief, actor=_WHO, now=now)

    def _judge(self, erased: list[str], now: int) -> None:
        records = self._office.records
        records.counts["files erased"] += len(erased)
        kept = {person for one in records.kept.values() if one.still() for person in one.pact.people(now)}
        for name in erased:
            someone = records.people.get(name)
            pacts = someone.pacts if someone else ()
            if someone:
                someone.erased, someone.worker = True, None
            self._off_the_list(name, now)
            if name in kept or any(_serves(pact, name, now) for pact in pacts):
                self._office.violated("erased", f"the file of {name} was erased, who is still served")

    def _off_the_list(self, person: str, now: int) -> None:
        """Nobody waits for a place, or is offered one, whose file is erased."""
        records = self._office.records
        entries = [one for one in records.waiting if one.person == person and one.closed_at is None]
        for entry in entries:
            entry.closed_at, entry.why = now, LeftWhy.UNKNOWN.value
        for offered in records.offers:
            if offered.closed_at is None and offered.entry in {one.id for one in entries}:
                offered.outcome, offered.closed_by, offered.closed_at = OfferOutcome.WITHDRAWN.value, _WHO, now


def _serves(pact: Pact, person: str, now: int) -> bool:
    """Whether a contract that somebody was once on is theirs still, and not over."""
    return not pact.lost and person in pact.people(now) and pact.state(now) not in _OVER
