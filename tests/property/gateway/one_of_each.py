"""A town that has one of each thing that a page can show, in the state in which something can still be done with it."""

from datetime import date, timedelta

from msgspec import structs
from sqlalchemy.orm import Session

from gateway.access import lists, out_of_service, standing
from gateway.access.commands import Beat, Orders, open_locker
from gateway.access.models import CommandRecord, ReportedPart
from gateway.access.service import add_controller, controller_of
from gateway.alerts import service as alerts
from gateway.care import offers, waiting
from gateway.care.codes import Source
from gateway.contracts import away, deaths, notices, parties, trusted
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.custody import service as custody
from gateway.custody.codes import Thing, Witness
from gateway.custody.models import Custody
from gateway.events.service import latest_events, record
from gateway.incidents import codes, exclusions, hazards, stand_ins
from gateway.incidents import service as incidents
from gateway.incidents.service import Concerned
from gateway.lockers import keys, works
from gateway.lockers import service as lockers
from gateway.lockers.allotments import allot
from gateway.lockers.observations import observe
from gateway.lockers.roles import Role, give_role
from gateway.lockers.winding_down import wind_down
from gateway.luggage import service as luggage
from gateway.luggage import shifts
from gateway.luggage.codes import DeskService
from gateway.money import contributions
from gateway.privacy import openings
from gateway.schemes.calendar import Calendar
from gateway.schemes.codes import Every, Service
from gateway.schemes.service import add_scheme
from gateway.schemes.templates import LUGGAGE_ROOM
from gateway.schemes.terms import Contribution
from gateway.staff import service as accounts
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.loans.library import LOCKER as TOOLS
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town
from wire.entries import Entry, EntryType
from wire.keys import controller_token
from wire.messages import Session as WireSession
from wire.messages import encode
from wire.topics import Topic

# What tries an address sends nothing out of this machine: nobody listens there.
ADDRESS = "json://127.0.0.1:9/nobody"
HELD = ("bagnolet-1", "bagnolet-2")
ORDERS = Orders(lambda _bank: Beat(WireSession(1, "a" * 32), "b" * 32), lambda payload: payload)
LATER, SOON = date(2026, 6, 30), TODAY + timedelta(1)
Known = dict[str, list[str]]


def one_of_each(town: Town, visitor: str) -> Known:
    """The ids of all that there is, by the name under which addresses ask for them; the `visitor` works at the desk."""
    with town.writing() as session:
        lockers.add_lockers(session, town.bank, range(7, 21), actor="test", now=NOON)
        workers = [_worker(session, name, town.organisation_id) for name in ("Lea", "Ines")]
        neighbour = lockers.organisation_named(session, "Secours", actor="test", now=NOON)
        give_role(session, town.bank, neighbour.id, Role.SUPPORT, actor="test", now=NOON)
        allot(session, town.bank, 20, organisation_id=neighbour.id, actor="test", now=NOON)
        leave = stand_ins.go_on_leave(
            session, staff_id=workers[0], stand_in_id=workers[1], from_on=SOON, until_on=LATER, actor="test", now=NOON
        )
        channel = alerts.add_channel(session, label="Desk", address=ADDRESS, actor="test", now=NOON)
    known = {
        "bank": [town.bank, *HELD], "bank_id": [town.bank, *HELD], "site_id": [town.site_id], "number": ["1", "2"],
        "organisation_id": [town.organisation_id, neighbour.id], "staff_id": [*workers, visitor],
        "leave_id": [leave.id], "channel_id": [channel.id],
    }  # fmt: skip
    for part in (_contracts, _away, _doors, _cases, _held, _desk, _library, _waiting, _orders):
        for name, found in part(town, known).items():
            known[name] = [*known.get(name, ()), *found]
    return known


def _worker(session: Session, name: str, organisation_id: str) -> str:
    return accounts.add_staff(
        session, email=f"{name.lower()}@example.org", name=name, password="un mot de passe long", role="worker",
        organisation_id=organisation_id, actor="test", now=NOON,
    ).id  # fmt: skip


def _contracts(town: Town, _known: Known) -> Known:
    """In force with people and a message, suspended, a draft, and over with things inside and in safekeeping."""
    nadia, stock = town.person(), town.badge()
    badge, contract = town.badge(nadia), town.assign(nadia)
    suspended, draft = town.assign(town.person("Karim"), 2), town.assign(town.person("Rui"), 3, draft=True)
    left, kept = (town.assign(town.person(name), number) for name, number in (("Moussa", 4), ("Zoe", 5)))
    partner = town.person("Samir")
    with town.writing() as session:
        parties.join(session, contract.id, person_id=partner.id, actor="test", now=NOON)
        friend = trusted.trust(session, contract.id, name="Paul", from_on=TODAY, until_on=LATER, actor="test", now=NOON)
        notices.leave(session, contract.id, why="message", text="come by", actor="test", now=NOON)
        contracts.suspend(session, suspended.id, reason="safety", review_on=LATER, actor="test", now=NOON)
        for over in (left, kept):
            contracts.end(session, over.id, reason="agreed", collect_days=0, actor="test", now=NOON)
        bags = [custody.begin(session, kept.id, actor="test", now=NOON + 1)]
        bags += _of_nobody(session, town)
        known_bags = [bag.id for bag in bags]
    made = (contract, suspended, draft, left, kept)
    return {
        "contract_id": [one.id for one in made], "person_id": [one.person_id for one in made] + [partner.id],
        "badge_id": [badge.id, stock.id], "printed": [stock.printed or "M-001"], "custody_id": known_bags,
        "trusted_id": [friend.id],
    }  # fmt: skip


def _of_nobody(session: Session, town: Town) -> list[Custody]:
    """What nobody is known to have left: written down, seen by somebody, and on its shelf."""
    found = []
    for number in (7, 8, 16):
        bag = custody.begin_nobodys(session, town.bank, number, actor="test", now=NOON)
        custody.add_thing(session, bag.id, kind=Thing.PAPERS, actor="test", now=NOON)
        found.append(bag)
    for bag in found[1:]:
        custody.witness(session, bag.id, witness=Witness.HOLDER, actor="test", now=NOON)
    custody.store(session, found[2].id, place="Shelf 3", actor="test", now=NOON)
    return found


def _away(town: Town, _known: Known) -> Known:
    gone, dead = town.person("Ana"), town.person("Jean")
    with town.writing() as session:
        away.leave(session, gone.id, kind="hospital", from_on=TODAY, actor="test", now=NOON)
        deaths.record(session, dead.id, actor="test", now=NOON)
    return {"person_id": [gone.id, dead.id]}


def _cases(town: Town, known: Known) -> Known:
    """Each with somebody else than whoever visits, who may decide on it then."""
    lea = known["staff_id"][0]
    someone, other, witness = (town.person(name).id for name in ("Omar", "Eva", "Eli"))
    with town.writing() as session:
        incident = incidents.report(
            session, site_id=town.site_id, kind=codes.IncidentKind.ABUSE,
            people=dict.fromkeys((someone, other, witness), Concerned(codes.Part.DID)), actor=lea, now=NOON,
        )  # fmt: skip
        excluded = [
            exclusions.exclude(
                session, person_id=person, site_id=town.site_id, from_on=TODAY, until_on=LATER,
                reason=codes.IncidentKind.ABUSE, incident_id=incident.id, actor=lea, now=NOON,
            ).id
            for person in (someone, other)
        ]  # fmt: skip
        exclusions.appeal(session, excluded[1], made_by=codes.AppealBy.PERSON, actor=lea, now=NOON)
        hazard = [
            hazards.report(session, bank_id=town.bank, number=number, kind=codes.HazardKind.WET, actor=lea, now=NOON).id
            for number in (1, 2, 9)
        ]
        for inspected in hazard[1:]:
            hazards.inspect(
                session, inspected, witness_kind=Witness.PHOTOGRAPHS, found=codes.HazardKind.WET,
                action=codes.HazardAction.LEFT_AS_IT_WAS, actor=lea, now=NOON,
            )  # fmt: skip
        hazards.tell(session, hazard[2], text="it was wet", actor=lea, now=NOON)
    return {"incident_id": [incident.id], "exclusion_id": excluded, "hazard_id": hazard, "person_id": [someone, other]}


def _doors(town: Town, known: Known) -> Known:
    """Keys at home and in a hand, works, a locker out of service, a break-in."""
    with town.writing() as session:
        for number in (9, 10):
            keys.fit_key_lock(session, town.bank, number, actor="test", now=NOON)
    held = town.assign(town.person("Ida"), 9)
    with town.writing() as session:
        made = [
            keys.add_key(session, town.bank, 9, key_number=f"A {turn}", actor="test", now=NOON).id for turn in (1, 2)
        ]
        keys.hand_over(session, made[0], contract_id=held.id, actor="test", now=NOON)
        keys.add_key(session, town.bank, 10, key_number="B 1", actor="test", now=NOON)
        works.plan_works(
            session, town.bank, number=11, first_on=SOON, last_on=LATER, reason=works.Reason.REPAIR, actor="test",
            now=NOON,
        )  # fmt: skip
        works.plan_works(
            session, town.bank, first_on=LATER, last_on=LATER, reason=works.Reason.CLEANING, actor="test", now=NOON
        )
        order = out_of_service.take_out(
            session, ORDERS, bank_id=town.bank, number=12, reason=out_of_service.ServiceReason.LOCK, actor="test",
            now=NOON,
        )  # fmt: skip
        body = {"locker": 12, "command": order.id, "reason": "lock"}
        entry = Entry("e" * 32, 1, EntryType.OUT_OF_SERVICE, NOON, 1, "boot", "trusted", body)
        observe(session, town.bank, [entry], now=NOON)
        record(session, "breach", now=NOON, bank_id=town.bank, locker=1, why="revoked")
        event = latest_events(session, kinds=("breach",), limit=1)[0].id
        asked = openings.ask(
            session, bank_id=town.bank, locker=1, reason="fault", note="it was found open", from_at=NOON - DAY,
            until_at=NOON, actor=known["staff_id"][0], now=NOON,
        )  # fmt: skip
    return {
        "key_id": made, "command_id": [order.id], "event_id": [str(event)], "request_id": [asked.id],
        "number": ["6", "9", "10", "11", "12", "20"], "contract_id": [held.id], "person_id": [held.person_id],
    }  # fmt: skip


def _held(town: Town, known: Known) -> Known:
    """Two more banks, wound down, that follow lists nobody here made; the first has sent its own."""
    with town.writing() as session:
        site = lockers.site_named(
            session, "Bagnolet", organisation_id=town.organisation_id, zone=ZONE, actor="test", now=NOON
        )
        token = controller_token(
            town.device.public_key().public_bytes_raw(), town.encryption.public_key().public_bytes_raw()
        )
        for bank in HELD:
            lockers.add_bank(session, bank_id=bank, site_id=site.id, name=bank, actor="test", now=NOON)
            lockers.add_lockers(session, bank, [1, 2], actor="test", now=NOON)
            add_controller(session, bank_id=bank, keys=token, actor="test", now=NOON)
        controller_of(session, town.bank).online = True
    with town.writing() as session:
        contracts.assign(
            session, person_id=known["person_id"][0], bank_id=HELD[0], number=1, starts_on=TODAY, ends_on=LATER,
            actor="test", now=NOON,
        )  # fmt: skip
    with town.writing() as session:
        theirs = lists.build(session, HELD[0], version=NOON + 50, now=NOON)
        for bank in HELD:
            standing.hold(session, bank, "unknown_list", now=NOON)
            wind_down(session, bank, actor="test", now=NOON)
            controller_of(session, bank).list_in_force = NOON + 50
        sent = town.keystore.sign(Topic.ACCESS, encode(structs.replace(theirs, grants=(), revoked=())))
        session.add(ReportedPart(bank_id=HELD[0], command_id="c1", part=0, parts=1, data=sent, received_at=NOON))
    return {"site_id": [site.id]}


def _desk(town: Town, known: Known) -> Known:
    """A luggage room at work: things, contributions asked for and not, a shift, services; and a scheme of its own."""
    contract, other = town.assign(town.person("Lou"), 13), town.assign(town.person("Max"), 14)
    with town.writing() as session:
        scheme = add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name="Bagagerie",
            terms=LUGGAGE_ROOM.terms.model_copy(update={"calendar": Calendar(dates_off=(LATER,))}), actor="test",
            now=NOON,
        )  # fmt: skip
        for one in (contract, other):
            found = session.get_one(Contract, one.id)
            found.terms = found.terms.model_copy(update={"contribution": Contribution(cents=300, every=Every.YEAR)})
        thing = luggage.take_in(session, contract.id, kind=Thing.BAG, quantity=2, actor="test", now=NOON)
        contributions.ask(session, found, actor="test", now=NOON)
        visitor = known["staff_id"][-1]
        shift = shifts.open_shift(session, site_id=town.site_id, staff_id=visitor, actor=visitor, now=NOON)
        use = luggage.count_service(session, site_id=town.site_id, service=DeskService.SHOWER, actor=visitor, now=NOON)
    return {
        "contract_id": [contract.id, other.id], "scheme_id": [scheme.id, contract.scheme_id or ""],
        "luggage_id": [thing.id], "shift_id": [shift.id], "use_id": [use.id],
    }  # fmt: skip


def _library(town: Town, _known: Known) -> Known:
    """Loans taken by a badge that nobody has confirmed yet, planned, and due soon."""
    library = open_library(town)
    by_door = library.plan(0, place=library.place)
    journal = Journal().start()
    journal.write(EntryType.RELEASE_INTENDED, NOON, release="r1", locker=TOOLS, digest=library.badge.digest, attempt=1)
    library.hear(journal)
    loans = [by_door, library.plan(1), library.taken(2, due_on=SOON)]
    return {
        "library_id": [library.scheme_id], "scheme_id": [library.scheme_id], "loan_id": [loan.id for loan in loans],
        "membership_id": [library.member.id], "tool_id": [tool.id for tool in library.tools],
        "kit_id": [library.kit_id], "person_id": [library.person.id],
    }  # fmt: skip


def _waiting(town: Town, known: Known) -> Known:
    """Somebody who waits, somebody with an offer, and somebody who has a locker by now."""
    entries = []
    for turn, name in enumerate(("Noe", "Mia", "Leo")):
        person = town.person(name)
        with town.writing() as session:
            waits = waiting.Wait(known["scheme_id"][1], Source.OUTREACH_ROUND)
            entry = waiting.add_to_list(session, person.id, waits, since=NOON - 10 * DAY, actor="test", now=NOON)
            entries.append(entry.id)
            if turn == 1:
                offers.make_offer(session, entry.id, locker=(town.bank, 15), actor="test", now=NOON)
    town.assign(person, 17)
    return {"entry_id": entries}


def _orders(town: Town, _known: Known) -> Known:
    """A door on its way to be opened, and a badge that was presented to be enrolled."""
    with town.writing() as session:
        order = open_locker(
            session, ORDERS, bank_id=town.bank, number=1, reason="holder_present", actor="test", now=NOON
        )
    badge = town.badge()
    with town.writing() as session:
        presented = CommandRecord(
            id="presented-0000000001", bank_id=town.bank, kind="enrol", args={}, requested_by="test",
            reason="enrolment", requested_at=NOON, state="enrolled", digest="e" * 32, key_id=badge.key_id,
        )  # fmt: skip
        session.add(presented)
    return {"command_id": [presented.id, order.id]}
