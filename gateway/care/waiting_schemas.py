"""Partners, referrals, waiting list, offers and eligibility as the API takes and gives them."""

from datetime import date

from pydantic import Field

from gateway.care import codes
from gateway.care.schemas import At, Note
from gateway.edge import Schema

_ID = Field(min_length=1, max_length=36)
_OPTIONAL_ID = Field(None, min_length=1, max_length=36)
_CODE = Field(None, pattern=r"^[a-z][a-z0-9_]{0,39}$")


class PartnerIn(Schema):
    """A partner, and whom to talk to there."""

    organisation_id: str = _ID
    name: str = Field(min_length=1, max_length=200, examples=["Maison sociale de Lille-Sud"])
    kind: codes.PartnerKind
    contact_name: str | None = Note
    reach: str | None = Note


class PartnerOut(Schema):
    """A partner; closed, it takes no more referrals."""

    id: str
    organisation_id: str
    name: str
    kind: codes.PartnerKind
    contact_name: str | None
    reach: str | None
    added_at: int
    closed_at: int | None


class ReferralIn(Schema):
    """From a partner, or to one."""

    partner_id: str = _ID
    direction: codes.Direction
    topic: codes.Topic = codes.Topic.UNKNOWN
    contact_name: str | None = Note
    note: str | None = Note
    at: int | None = At


class ReferralCloseIn(Schema):
    """What became of a referral."""

    result: codes.ReferralResult = Field(examples=["taken_on"])
    at: int | None = At


class ReferralOut(Schema):
    """A referral and its result."""

    id: str
    person_id: str
    partner_id: str
    direction: codes.Direction
    topic: codes.Topic
    contact_name: str | None
    note: str | None
    at: int
    recorded_by: str
    result: codes.ReferralResult
    result_at: int | None


class WaitIn(Schema):
    """Someone waits for a scheme; `reach` says how to find them."""

    scheme_id: str = _ID
    source: codes.Source = Field(examples=["outreach_round"])
    since: int | None = At
    site_id: str | None = _OPTIONAL_ID
    referral_id: str | None = _OPTIONAL_ID
    reach: str | None = Note
    note: str | None = Note


class WaitCloseIn(Schema):
    """Why they wait no more; `contract_id` for someone placed."""

    why: codes.LeftWhy
    contract_id: str | None = _OPTIONAL_ID


class OfferIn(Schema):
    """A place, perhaps a certain locker. `answer_by` is a day to look again: only a worker closes an offer."""

    bank: str | None = Field(None, min_length=1, max_length=40)
    number: int | None = Field(None, ge=1, le=99_999)
    answer_by: date | None = None


class AttemptIn(Schema):
    """One try to reach the person."""

    kind: codes.ContactKind = Field(examples=["phoned"])
    result: codes.AttemptResult
    note: str | None = Note
    at: int | None = At


class OfferCloseIn(Schema):
    """What became of an offer."""

    outcome: codes.OfferOutcome


class AttemptOut(Schema):
    """One try to reach the person."""

    id: str
    at: int
    kind: codes.ContactKind
    result: codes.AttemptResult
    note: str | None
    recorded_by: str


class OfferOut(Schema):
    """An offer with the tries to reach the person."""

    id: str
    locker_id: str | None
    made_at: int
    made_by: str
    answer_by: date | None
    closed_at: int | None
    closed_by: str | None
    outcome: codes.OfferOutcome | None
    attempts: list[AttemptOut]


class WaitOut(Schema):
    """Someone on a waiting list, with what was offered."""

    id: str
    person_id: str
    scheme_id: str
    site_id: str | None
    referral_id: str | None
    source: codes.Source
    since: int
    reach: str | None
    note: str | None
    added_by: str
    closed_at: int | None
    closed_by: str | None
    left_why: codes.LeftWhy | None
    contract_id: str | None
    offers: list[OfferOut]


class FindingIn(Schema):
    """What was found on one condition of the scheme; an exception gives its reason."""

    condition: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    finding: codes.Finding
    exception: str | None = _CODE


class EligibilityIn(Schema):
    """A decision; conditions left out are recorded as unknown."""

    scheme_id: str = _ID
    eligible: bool
    findings: list[FindingIn] = Field([], max_length=50)
    note: str | None = Note


class FindingOut(Schema):
    """One condition as found then."""

    condition: str
    finding: codes.Finding
    exception: str | None


class EligibilityOut(Schema):
    """A decision and what it rests on."""

    id: str
    person_id: str
    scheme_id: str
    eligible: bool
    note: str | None
    decided_at: int
    decided_by: str
    findings: list[FindingOut]
