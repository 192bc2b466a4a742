"""What the desk, its services, money and a sheet's history are called on screen."""

from collections.abc import Mapping

from gateway.luggage.codes import DeskService
from gateway.money.codes import ForgivenReason, Kind, Means
from gateway.web.i18n import N_

SERVICES: Mapping[str, str] = {
    DeskService.SHOWER: N_("Shower"),
    DeskService.HEALTH: N_("Health"),
    DeskService.INTERNET: N_("Internet"),
    DeskService.LAUNDRY: N_("Laundry"),
    DeskService.MEAL: N_("Meal"),
    DeskService.CLOTHING: N_("Clothes"),
    DeskService.POST: N_("Post"),
    DeskService.OTHER: N_("Something else"),
}
KINDS: Mapping[str, str] = {
    Kind.DEPOSIT: N_("Deposit"),
    Kind.ADVANCE: N_("Advance"),
    Kind.CONTRIBUTION: N_("Contribution"),
}
MEANS: Mapping[str, str] = {
    Means.CASH: N_("Cash"),
    Means.CARD: N_("Card"),
    Means.TRANSFER: N_("Transfer"),
    Means.OTHER: N_("Something else"),
}
FORGIVEN: Mapping[str, str] = {
    ForgivenReason.NO_MEANS: N_("No means right now"),
    ForgivenReason.HARDSHIP: N_("Hardship"),
    ForgivenReason.AGREED: N_("Agreed together"),
    ForgivenReason.VOLUNTEER: N_("Helps as a volunteer"),
    ForgivenReason.DEATH: N_("Death"),
    ForgivenReason.OTHER: N_("Another reason"),
}
# What happened; money and things say how much.
HISTORY: Mapping[str, str] = {
    "contract_assign": N_("Locker handed over"),
    "contract_sign": N_("Contract signed"),
    "contract_suspend": N_("Contract suspended"),
    "suspension_planned": N_("Suspension planned"),
    "contract_resume": N_("Contract resumed"),
    "suspension_withdrawn": N_("Planned suspension taken back"),
    "contract_renew": N_("Contract extended"),
    "contract_move": N_("Locker changed"),
    "contract_end": N_("Contract ended"),
    "contract_emptied": N_("Locker confirmed empty"),
    "luggage_in": N_("Left"),
    "luggage_out": N_("Taken"),
    "money_given": N_("Advance paid out"),
    "money_received": N_("Received"),
    "money_refunded": N_("Refunded"),
    "money_forgiven": N_("Not asked any more"),
    "custody_begun": N_("Belongings taken out of the locker"),
    "custody_stored": N_("Belongings put away for safekeeping"),
    "custody_closed": N_("Safekeeping closed"),
}

MOVEMENTS: Mapping[str, str] = {
    "given": N_("Advance paid out"),
    "received": N_("Received"),
    "refunded": N_("Refunded"),
    "forgiven": N_("Not asked any more"),
}
