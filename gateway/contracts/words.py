"""What the codes of contracts are called on screen and on paper: English messages, translated where shown."""

from collections.abc import Mapping

from gateway.web.i18n import N_

FETCH: Mapping[str, str] = {
    "desk": N_("At the desk: staff open the locker"),
    "phone": N_("By telephone: the locker is opened remotely"),
    "worker": N_("The named worker brings them"),
    "partner": N_("A partner organisation brings them"),
}

DECIDED_BY: Mapping[str, str] = {
    "unknown": N_("Not known"),
    "holder": N_("The holder"),
    "scheme": N_("The organisation"),
    "both": N_("Both together"),
    "circumstances": N_("Circumstances"),
}

DESTINATIONS: Mapping[str, str] = {
    "unknown": N_("Not known"),
    "own_housing": N_("A home of their own"),
    "social_housing": N_("Social housing"),
    "supported_housing": N_("Supported housing"),
    "family_or_friends": N_("Family or friends"),
    "employer_housing": N_("Housing with a job"),
    "shelter": N_("A shelter"),
    "community": N_("A community"),
    "treatment": N_("Treatment"),
    "hospital": N_("Hospital"),
    "prison": N_("Prison"),
    "another_town": N_("Another town"),
    "abroad": N_("Abroad"),
    "street": N_("The street"),
    "died": N_("Death"),
    "other": N_("Somewhere else"),
}

STABILITIES: Mapping[str, str] = {
    "unknown": N_("Not known"),
    "lasting": N_("Lasting"),
    "temporary": N_("For a while"),
    "none": N_("From day to day"),
}

ABSENCES: Mapping[str, str] = {
    "hospital": N_("In hospital"),
    "prison": N_("In prison"),
    "family": N_("With family"),
    "other": N_("Somewhere else"),
    "unknown": N_("Not known"),
}

NOTICES: Mapping[str, str] = {
    "message": N_("A message"),
    "mail": N_("Mail has come"),
    "appointment": N_("An appointment"),
    "review": N_("A talk about the contract"),
    "end_announced": N_("The contract ends"),
}

DESPITE: Mapping[str, str] = {
    "agreed": N_("Agreed with whoever decided the exclusion"),
    "accompanied": N_("The person comes accompanied"),
    "nowhere_else": N_("They have nowhere else for their things"),
    "other": N_("Another reason"),
}

EVERY: Mapping[str, str] = {
    "once": N_("once"),
    "visit": N_("for each visit"),
    "month": N_("each month"),
    "year": N_("each year"),
}

ACTIONS: Mapping[str, str] = {
    "assign": N_("Handed over"),
    "sign": N_("Signed"),
    "suspend": N_("Suspended"),
    "resume": N_("Resumed"),
    "renew": N_("Extended"),
    "move": N_("Locker changed"),
    "plan_end": N_("End planned"),
    "end": N_("Ended"),
    "say_how": N_("Said how it ended"),
    "emptied": N_("Confirmed empty"),
    "join": N_("People of the contract changed"),
    "part": N_("People of the contract changed"),
    "trust": N_("Trusted persons changed"),
    "distrust": N_("Trusted persons changed"),
    "leave_notice": N_("Message left"),
    "give_notice": N_("Message given"),
    "away": N_("Absence noted"),
    "back": N_("Absence ended"),
    "died": N_("Death noted"),
    "alive": N_("Death taken back"),
}
