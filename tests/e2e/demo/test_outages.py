"""Broker, network and power fail; people get to their belongings, and nothing that happened is lost or doubled."""

import pytest

from tests.e2e.demo.site_under_test import Site, eventually
from wire.chain import GENESIS, link_all


def chain_is_whole(site: Site, bank: str) -> bool:
    """Whether the gateway's own lines, hashed again from each epoch's beginning, meet the hash it vouches for."""
    epochs: dict[str, list[tuple[int, bytes]]] = {}
    for epoch, seq, line in site.entries_of_gateway(bank):
        epochs.setdefault(epoch, []).append((seq, line))
    for epoch, entries in epochs.items():
        entries.sort()
        assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1))
        if link_all(GENESIS, (line for _, line in entries)) != site.vouched_hash(bank, epoch):
            return False
    return True


@pytest.mark.parametrize("fault", ["broker_down", "network_cut"])
def test_badges_open_while_the_gateway_is_out_of_reach_and_every_entry_arrives_once_and_in_order(
    site: Site, fault: str
) -> None:
    site.opens("celeste", 9)
    eventually("all until here has arrived", site.same_entries_on_both_sides, 20)
    arrived = len(site.entries_of_gateway())
    with site.faulty(fault):
        for label, number in (("amina", 7), ("elias", 12), ("fatou", 13)):
            before = site.locker(number)["releases"]
            site.tap(label)
            eventually(f"{label} opens {number}", lambda n=number: site.locker(n)["door"] == "open", 4)
            assert site.locker(number)["releases"] == before + 1
        eventually(
            "the journal has all three",
            lambda: (
                [b'"door_opened"' in line for _, _, line in site.entries_of_controller()[arrived:]].count(True) == 3
            ),
            5,
        )
        assert len(site.entries_of_gateway()) == arrived
    eventually("every entry has arrived", site.same_entries_on_both_sides, 30)
    order = [(epoch, seq) for epoch, seq, _ in site.entries_of_gateway()[arrived:]]
    assert order == [(epoch, seq) for epoch, seq, _ in site.entries_of_controller()[arrived:]]
    assert chain_is_whole(site, "montreuil-1")


def test_after_a_power_cut_the_bank_serves_again_and_fires_nothing(site: Site) -> None:
    site.opens("gil", 15)
    before = site.releases()
    with site.faulty("power_cut"):
        eventually("the gateway says offline", lambda: site.tile(15)["online"] is False, 20)
    eventually("the bank is back", lambda: site.tile(15)["online"], 20)
    assert site.releases() == before
    site.opens("gil", 15)
    eventually("every entry has arrived", site.same_entries_on_both_sides, 20)
    assert chain_is_whole(site, "montreuil-1")
