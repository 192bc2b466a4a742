"""Imports every table once, so that one metadata knows them all."""

from gateway.access import models as access
from gateway.alerts import models as alerts
from gateway.audit import models as audit
from gateway.badges import models as badges
from gateway.care import models as care
from gateway.care import waiting_models as waiting
from gateway.contracts import models as contracts
from gateway.custody import models as custody
from gateway.db import Base
from gateway.events import models as events
from gateway.imports import models as imports
from gateway.incidents import models as incidents
from gateway.incidents import request_models as requests
from gateway.ingest import models as ingest
from gateway.loans import models as loans
from gateway.loans import project_models as projects
from gateway.lockers import models as lockers
from gateway.luggage import models as luggage
from gateway.money import models as money
from gateway.people import models as people
from gateway.privacy import models as privacy
from gateway.reports import models as reports
from gateway.schemes import models as schemes
from gateway.staff import models as staff
from gateway.web import models as web

METADATA = Base.metadata
FEATURES = (
    access,
    alerts,
    audit,
    badges,
    care,
    contracts,
    custody,
    events,
    incidents,
    imports,
    ingest,
    loans,
    lockers,
    luggage,
    money,
    people,
    privacy,
    projects,
    reports,
    requests,
    schemes,
    staff,
    waiting,
    web,
)
