"""What a contract left in the locker it moved out of is taken out of that one, whatever holds for the one it has."""

from gateway.custody.models import Custody
from simulator.world.lives.belongings import Belongings
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.fates import Fates
from simulator.world.lives.pacts import Life
from tests.simulation.faulty_town import faulty_town
from tests.simulation.test_looks import First, active


def test_whose_holder_is_away_keeps_their_things_in_the_locker_they_moved_to() -> None:
    with faulty_town(5, lockers=12) as town:
        lives, office, pact = town.town, town.town.office, active(town)[0]
        who, left = lives.workers[0], lives.records.boxes[pact.present.bank, pact.present.number]
        left.inside = pact
        deciding = Deciding(office, First())
        assert deciding.decide(who, "move", pact) == "done"
        town.hours(25)
        someone = lives.records.people[pact.parts[0].person]
        assert deciding.decide(who, "end", pact) == "done"
        if not someone.away:
            assert Fates(office, First(), deciding).leave(who, someone) == "done"
        left.inside = pact
        assert Belongings(office, First()).begin(who, pact, left) == "done"
        with office.gateway.reading() as session:
            taken = session.query(Custody).filter_by(contract_id=pact.id).one()
            assert taken.locker.number == left.number
        assert pact.state(office.gateway.now()) is Life.ENDING
        assert pact.present.number != left.number
        assert town.found() == set()


def test_whose_mistaken_death_is_taken_back_is_away_again_if_they_were() -> None:
    with faulty_town(5, lockers=12) as town:
        lives, office, pact = town.town, town.town.office, active(town)[0]
        fates, who = Fates(office, First(), Deciding(office, First())), lives.workers[0]
        someone = lives.records.people[pact.parts[0].person]
        if not someone.away:
            assert fates.leave(who, someone) == "done"
        for befalls in (fates.died, fates.alive):
            town.hours(1)
            assert befalls(who, someone) == "done"
        assert [decided.action for decided in pact.decisions][-3:] == ["died", "alive", "away"]
        assert town.found() == set(), town.world.violations
