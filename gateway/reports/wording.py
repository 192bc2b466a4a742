"""What figures are called and how they are defined, in English; translated where they are shown."""

from collections.abc import Mapping

from gateway.reports.period import Cohort
from gateway.web.i18n import N_

SECTIONS: Mapping[str, str] = {
    "people": N_("People"),
    "lockers": N_("Lockers and occupancy"),
    "duration": N_("Months of care"),
    "stays_by_months": N_("Ended stays by months of care"),
    "ends_by_reason": N_("Ends by reason"),
    "ends_by_decision": N_("Ends by who decided"),
    "ends_by_destination": N_("Ends by destination"),
    "ends_by_stability": N_("Ends by stability of the destination"),
    "positive": N_("Positive ends"),
    "people_by_support": N_("People by support given"),
    "supports": N_("Support given, each time"),
    "identity_papers_on_entry": N_("Identity papers on entry"),
    "residence_on_entry": N_("Residence on entry"),
    "health_cover_on_entry": N_("Health cover on entry"),
    "income_on_entry": N_("Income on entry"),
    "work_on_entry": N_("Work on entry"),
    "address_on_entry": N_("Address on entry"),
    "street_time_on_entry": N_("Time without a home on entry"),
    "contacts": N_("Contacts"),
    "people_by_contact": N_("People by kind of contact"),
    "contacts_by_kind": N_("Contacts by kind"),
    "steps_by_result": N_("Agreed steps by result"),
    "steps_by_kind": N_("Agreed steps by subject"),
    "waiting": N_("Waiting list"),
    "loans": N_("Tool loans"),
    "projects": N_("Projects"),
}

FIGURES: Mapping[str, str] = {
    "people_served": N_("People served"),
    "people_active": N_("People with a contract on the last day"),
    "stays_begun": N_("Stays begun"),
    "stays_ended": N_("Stays ended"),
    "working_on_entry": N_("Working on entry"),
    "lockers_in_service": N_("Lockers in service on the last day"),
    "lockers_held": N_("Lockers held on the last day"),
    "highest_held": N_("Most lockers held at once"),
    "occupancy_percent": N_("Occupancy, per cent"),
    "mean_months": N_("Mean"),
    "median_months": N_("Median"),
    "shortest_months": N_("Shortest"),
    "longest_months": N_("Longest"),
    "positive_ends": N_("Positive ends"),
    "positive_percent": N_("Share of all ends, per cent"),
    "contacts": N_("Contacts"),
    "people_met": N_("People in contact"),
    "asked": N_("New on the list"),
    "still_waiting": N_("Waiting on the last day"),
    "given_a_place": N_("Given a place"),
    "mean_days_waited": N_("Days until a place, mean"),
    "median_days_waited": N_("Days until a place, median"),
    "loans_begun": N_("Loans begun"),
    "loans_returned": N_("Loans returned"),
    "returned_late": N_("Of these returned late"),
    "loans_out": N_("Out on the last day"),
    "loans_late": N_("Of these late"),
    "projects": N_("Projects begun"),
    "mean_cost_euros": N_("Mean cost, euros"),
    "mean_surface_m2": N_("Mean surface, m²"),
    "largest_surface_m2": N_("Largest surface, m²"),
}

COHORTS: Mapping[str, str] = {
    Cohort.SERVED: N_("Everyone with a contract on at least one day from the first to the last day."),
    Cohort.STARTED: N_("Only those whose stay began from the first to the last day."),
}

# How a contract ended is recorded of those who were on it then.
_STAYED = N_(
    "What was recorded when the contract ended. It is not told of whoever had left the contract before, as one of a "
    "couple may: how their stay ended counts as unknown."
)

# Section -> what its figures mean, word for word as they are calculated.
DEFINITIONS: Mapping[str, str] = {
    "people": N_(
        "Each person counts once. A stay is a person's contracts that follow each other without a gap; it has ended "
        "when its last day is the report's last day or earlier. Working on entry: any job, also a part-time, "
        "temporary, undeclared or integration one; not training."
    ),
    "lockers": N_(
        "Occupancy: the time lockers were held, the time to collect included, as a share of the time they were in "
        "service. An organisation's are those at its sites and those allotted to it, whoever holds them."
    ),
    "duration": N_("Whole months from the first to the last day of each stay that ended, without the time to collect."),
    "stays_by_months": N_("How many of the stays that ended lasted so many whole months."),
    "ends_by_reason": N_(
        "A stay may have several reasons, so the sum may be more than the stays ended. The reasons are those of the "
        "contract's end. They are not told of whoever had left the contract before, as one of a couple may: why their "
        "stay ended counts as unknown."
    ),
    "ends_by_decision": _STAYED,
    "ends_by_destination": _STAYED,
    "ends_by_stability": _STAYED,
    "positive": N_(
        "An end is positive if the destination is own, social, supported or employer's housing, a community or "
        "treatment, or a reason is work or a solution of their own. The share is of all ends; unknown counts as not."
    ),
    "people_by_support": N_("Each person counts once for each kind of support, however often it was given."),
    "identity_papers_on_entry": N_("As stated on entry; people who were not asked count as unknown."),
    "contacts": N_("A try without an answer is among the contacts; it makes nobody a person in contact."),
    "steps_by_result": N_("Steps agreed from the first to the last day, with their result on the last day."),
    "waiting": N_("All who wait or waited, not only the people counted above."),
    "loans": N_("All loans, not only those of the people counted above. Late: past the time they were due."),
    "projects": N_(
        "Projects whose work began from the first to the last day and was not given up; means over those where it is "
        "known."
    ),
}
