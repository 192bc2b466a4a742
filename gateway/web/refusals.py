"""What a service refused, in words for the screen: what is wrong, beside which field, and what to do next."""

from collections.abc import Mapping

from gateway.errors import GatewayError
from gateway.web.forms import Form
from gateway.web.i18n import N_

# code -> (the form's field it belongs to, or "" for the whole form; the message)
REFUSALS: Mapping[str, tuple[str, str]] = {
    "sign_in": (
        "",
        N_("The address or the password is not right. Try again, or ask the person who runs this gateway."),
    ),
    "attempts": ("", N_("Too many attempts. Wait a quarter of an hour, or ask an operator.")),
    "name": ("new_name", N_("A name has 1 to 200 characters, on one line.")),
    "badge": (
        "badge_number",
        N_("This is not a badge number the lockers understand: write it like em4100:62E3086CED."),
    ),
    "pin": ("pin", N_("A PIN has 4 to 8 digits.")),
    "badge_in_use": ("badge", N_("This badge is someone else's. Block it there first, or take another one.")),
    "badge_revoked": ("badge", N_("This badge is blocked and stays blocked. Take another one.")),
    "badge_elsewhere": ("badge", N_("This badge belongs to another place. Take one from here.")),
    "locker_taken": (
        "locker",
        N_("This locker is held by someone on these days. Choose another locker or other dates."),
    ),
    "still_collecting": (
        "locker",
        N_("The earlier holder may still collect their things. Choose another locker, or confirm that it is empty."),
    ),
    "same_locker": ("locker", N_("The contract has this locker already. Choose another one.")),
    "locker": ("locker", N_("There is no such locker any more. Choose another one.")),
    "site": ("locker", N_("A contract moves within its place. Choose a locker there.")),
    "dates": ("ends_on", N_("The last day must come after the first day, and after the present last day.")),
    "date": ("ends_on", N_("Please give a date from 2020 to 2098.")),
    "review_on": ("review_on", N_("Choose a day after today: a suspension ends by itself.")),
    "reason": ("reason", N_("Please choose one.")),
    "transition": ("", N_("The contract has changed meanwhile. Go back and look at its present state.")),
    "changed_meanwhile": ("", N_("The contract has changed meanwhile. Look at what was decided, then decide.")),
    "frozen": ("", N_("The holder has died: what is inside is kept for those entitled to it.")),
    "fetch": ("fetch", N_("Please choose one.")),
    "winding_down": ("locker", N_("This block takes no new contracts any more. Choose another locker.")),
    "works": ("locker", N_("There are works on this locker then. Choose another locker or other dates.")),
    "allotted": ("locker", N_("This locker is kept for another organisation. Choose another one.")),
    "key_out": ("locker", N_("An earlier holder still has a key of this locker. Take it back first.")),
    "still_held": ("", N_("The present holder's contract is not over. End it first.")),
    "not_presented": ("", N_("No badge has been presented yet. Hold it to the reader, then try again.")),
    "offline": ("", N_("The block is offline, so nothing was sent. The holder's badge works at the door.")),
    "report_day": ("from", N_("Please give a date, for example 2026-11-21.")),
    "period": ("as_of", N_("The last day must not be before the first day.")),
    "scope": ("name", N_("Please choose one.")),
    "held": ("", N_("This block waits for a decision, so nothing is sent to it. Compare and decide first.")),
    "locker_not_ready": (
        "locker",
        N_("Nobody has confirmed yet that this locker is empty, clean and its lock works. Do that on its page."),
    ),
    "custody_open": ("locker", N_("What was inside is not put away yet. Finish that inventory first.")),
    "custody_step": ("", N_("Someone else went on with this meanwhile. Load the page again.")),
    "not_over": ("", N_("The holder may still collect: until then their things stay in the locker.")),
    "no_things": ("", N_("The inventory is empty. Add what was found, or say that it was empty.")),
    "witness_name": ("witness_name", N_("Say who was the witness.")),
    "photographs_kept": ("photographs_kept", N_("Say where the photographs are kept.")),
    "label_in_use": ("label", N_("This label is on another bag. Choose another one.")),
    "keep_until": ("keep_until", N_("Choose a later day: the keeping time is never made shorter.")),
    "still_kept": ("", N_("The keeping time is not over. Wait, or give it back.")),
    "owner_away": ("", N_("The holder is away: nothing is disposed of until someone has ended that absence.")),
    "kept_for_entitled": ("", N_("The holder has died: this is kept for those entitled to it.")),
    "only_protected": ("thing", N_("What is left matters to its owner: choose it line by line.")),
    "thing_settled": ("", N_("One of these lines is settled already. Load the page again.")),
    "note": ("note", N_("Say a few words here: who, where, how recognised.")),
    "checks": ("checks", N_("Tick what you have seen yourself.")),
    "not_in_force": ("", N_("The contract is not in force: things can be taken out, not left.")),
    "out_already": ("", N_("This went out already. Load the page again.")),
    "too_many": ("", N_("There are not so many of it here.")),
    "too_much": ("", N_("That is more than is open.")),
    "shift_open": ("site", N_("Your desk is still open at another place. Close it there first.")),
    "tool_promised": ("", N_("One of these tools is promised to someone else then. Choose another, or other dates.")),
    "not_lent": ("", N_("One of these tools is damaged, missing or not lent any more. Choose another.")),
    "still_out": ("", N_("One of these tools is still lent to someone else. Take it back first.")),
    "loan_limit": ("over_limit", N_("These are more tools at once than agreed. Lend fewer, or say why.")),
    "membership_over": ("due_on", N_("The membership ends before that. Renew it first, or lend for less time.")),
    "left": ("member", N_("This membership has ended. A worker can have the person join again.")),
    "day_off": ("due_on", N_("The tool library does not work on that day. Choose another one.")),
    "loan_over": ("", N_("This loan is over. Plan another one.")),
    "not_due": ("", N_("There is nothing to remind of yet.")),
    "cents": ("", N_("That amount cannot be right.")),
}


def tell(form: Form, error: GatewayError) -> None:
    """Puts a refusal beside the field it is about; one without words here is told in the service's own English."""
    field, message = REFUSALS.get(error.code, ("", error.text))
    form.error(field if field in form.values or field == "" else "", message)
