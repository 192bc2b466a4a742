"""What staff do with what is left: look, take out with an inventory and a witness, store, give back, dispose of."""

from random import Random

from sqlalchemy.orm import Session

from gateway.custody import outcomes, readiness
from gateway.custody import service as custody
from gateway.custody.codes import Check, DisposalReason, Recipient, Thing, Witness
from gateway.lockers.service import locker_of
from simulator.world.lives.calendar import DAY, day_of, days_on, midnight
from simulator.world.lives.office import DONE, Office
from simulator.world.lives.pacts import Pact
from simulator.world.lives.records import PROTECTED, Box, Kept, Line

_KEEP_DAYS = 30
_RETURNED = frozenset({Recipient.HOLDER, Recipient.TRUSTED, Recipient.ENTITLED})


class Belongings:
    """Each step of a custody is a unit of its own: it can be interrupted, and somebody else may go on."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance

    def look(self, who: str, box: Box) -> str:
        """Confirms what lacks; a locker with things inside is not said to be empty.

        Things of somebody of whose time in it the gateway knows nothing are put aside by hand: no contract keeps them.
        """
        now = self._office.gateway.now()
        lacking = box.lacking(now)
        is_empty = (box.inside is None or box.holds_strange) and not box.taken_out
        checks = [check for check in lacking if check != "empty" or is_empty]
        if not checks:
            return "nothing"
        seen = [Check(check) for check in checks if self._chance.random() < 0.8] or [Check(checks[0])]

        def do(session: Session, at: int) -> None:
            readiness.confirm(session, locker_of(session, box.bank, box.number), seen, actor=who, now=at)

        def done(_: object, at: int) -> None:
            if Check.EMPTY in seen:
                self._records.counts["put_aside"] += box.inside is not None
                box.inside = None
            box.looked([one.value for one in seen], at)

        return self._office.act(who, "look", do, done)

    def begin(self, who: str, pact: Pact, box: Box) -> str:
        """Opens a locker that a contract has no more, to take out what it left there."""

        def do(session: Session, at: int) -> str:
            left = locker_of(session, box.bank, box.number).id
            return custody.begin(session, pact.id, locker_id=left, actor=who, now=at).id

        def done(custody_id: str, at: int) -> None:
            if custody_id not in self._records.kept:
                self._records.kept[custody_id] = Kept(custody_id, pact, box)
                box.taken_out = True
            if any(hold.until_at > at for hold in pact.holds if (hold.bank, hold.number) == (box.bank, box.number)):
                self._office.violated("belongings", f"contract {pact.id} may still collect, and was emptied")

        return self._office.act(who, "custody", do, done)

    def go_on(self, who: str, kept: Kept) -> str:
        """The next step of it."""
        if kept.step == "inventory":
            return self._inventory(who, kept)
        if kept.step == "store":
            return self._store(who, kept)
        step = self._chance.choice(
            [self._return, self._return, self._dispose, self._dispose, self._dispose_one, self._keep_longer]
        )
        return step(who, kept)

    def _inventory(self, who: str, kept: Kept) -> str:
        if kept.box.inside is not kept.pact and not kept.lines:
            return self._office.act(
                who, "nothing_left",
                lambda session, at: custody.nothing_left(session, kept.id, actor=who, now=at),
                lambda _, at: self._closed_empty(kept, at),
            )  # fmt: skip
        if len(kept.lines) < 2 or self._chance.random() < 0.6:
            return self._add(who, kept)
        if self._chance.random() < 0.2:
            return self._drop(who, kept)
        return self._witness(who, kept)

    def _add(self, who: str, kept: Kept) -> str:
        kind, quantity = self._chance.choice(list(Thing)), self._chance.randint(1, 3)

        def done(thing_id: str, _: int) -> None:
            kept.lines[thing_id] = Line(thing_id, kind.value, quantity)

        return self._office.act(
            who, "inventory",
            lambda session, at: custody.add_thing(
                session, kept.id, kind=kind, quantity=quantity, actor=who, now=at
            ).id,
            done,
        )  # fmt: skip

    def _drop(self, who: str, kept: Kept) -> str:
        mistaken = self._chance.choice(list(kept.lines))
        return self._office.act(
            who, "mistaken_line",
            lambda session, at: custody.drop_thing(session, kept.id, mistaken, actor=who, now=at),
            lambda *_: kept.lines.pop(mistaken),
        )  # fmt: skip

    def _witness(self, who: str, kept: Kept) -> str:
        witness = self._chance.choice(list(Witness))
        return self._office.act(
            who, "witness",
            lambda session, at: custody.witness(
                session, kept.id, witness=witness, name="Somebody", photographs_kept="a drawer", actor=who, now=at
            ),
            lambda *_: setattr(kept, "step", "store"),
        )  # fmt: skip

    def _store(self, who: str, kept: Kept) -> str:
        def done(_: object, at: int) -> None:
            kept.step = "keeping"
            kept.keep_until = midnight(days_on(day_of(at), _KEEP_DAYS + 1))
            kept.box.inside, kept.box.taken_out = None, False
            kept.box.looked(["empty"], at)

        return self._office.act(
            who, "store", lambda session, at: custody.store(session, kept.id, place="shelf", actor=who, now=at), done
        )  # fmt: skip

    def _return(self, who: str, kept: Kept) -> str:
        recipient = self._chance.choice([Recipient.HOLDER, Recipient.ENTITLED, Recipient.AUTHORITY])
        lines = kept.still()
        some = [line.id for line in lines if self._chance.random() < 0.6] or [lines[0].id]
        outcome = "returned" if recipient in _RETURNED else "handed_over"
        return self._office.act(
            who, "give_back",
            lambda session, at: outcomes.give_back(
                session, kept.id, recipient=recipient, things=some, note="recognised", actor=who, now=at
            ),
            lambda _, at: self._became(kept, some, outcome, who, at),
        )  # fmt: skip

    def _dispose(self, who: str, kept: Kept) -> str:
        """Only what may go, and only after its date."""
        going = [line.id for line in kept.still() if line.kind not in PROTECTED]
        outcome = self._office.act(
            who, "dispose",
            lambda session, at: outcomes.dispose(
                session, kept.id, reason=DisposalReason.KEPT_LONG_ENOUGH, actor=who, now=at
            ),
            lambda _, at: self._became(kept, going, "disposed", who, at),
        )  # fmt: skip
        if outcome == DONE:
            self._was_time(kept, self._office.gateway.now())
        return outcome

    def _dispose_one(self, who: str, kept: Kept) -> str:
        line = self._chance.choice(kept.still())
        reason = self._chance.choice([DisposalReason.DANGEROUS, DisposalReason.KEPT_LONG_ENOUGH])
        outcome = self._office.act(
            who, "dispose_one",
            lambda session, at: outcomes.dispose_one(
                session, kept.id, line.id, reason=reason, note="offered twice", actor=who, now=at
            ),
            lambda _, at: self._became(kept, [line.id], "disposed", who, at),
        )  # fmt: skip
        if outcome == DONE and reason is DisposalReason.KEPT_LONG_ENOUGH:
            self._was_time(kept, self._office.gateway.now())
        return outcome

    def _keep_longer(self, who: str, kept: Kept) -> str:
        last = days_on(day_of(kept.keep_until - DAY // 2), self._chance.randint(1, 5))
        return self._office.act(
            who, "keep_longer",
            lambda session, at: custody.keep_longer(session, kept.id, keep_until=last, actor=who, now=at),
            lambda *_: setattr(kept, "keep_until", midnight(days_on(last, 1))),
        )  # fmt: skip

    def _was_time(self, kept: Kept, now: int) -> None:
        people = [self._records.people[part.person] for part in kept.pact.parts]
        held = any(one.away or one.died for one in people) or kept.pact.frozen_at is not None
        if now < kept.keep_until or held:
            self._office.violated("belongings", f"custody {kept.id} was disposed of before its time")

    def _became(self, kept: Kept, lines: list[str], outcome: str, who: str, at: int) -> None:
        for line_id in lines:
            line = kept.lines[line_id]
            line.outcome, line.by, line.at = outcome, who, at
        if not kept.still():
            kept.step = "closed"

    def _closed_empty(self, kept: Kept, at: int) -> None:
        kept.step, kept.box.taken_out = "closed", False
        kept.box.looked(["empty"], at)
