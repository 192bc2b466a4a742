"""Imports every table once, so that one metadata knows them all."""

from gateway.access import models as access
from gateway.alerts import models as alerts
from gateway.audit import models as audit
from gateway.badges import models as badges
from gateway.contracts import models as contracts
from gateway.db import Base
from gateway.events import models as events
from gateway.ingest import models as ingest
from gateway.lockers import models as lockers
from gateway.people import models as people
from gateway.privacy import models as privacy
from gateway.schemes import models as schemes
from gateway.staff import models as staff
from gateway.web import models as web

METADATA = Base.metadata
FEATURES = (access, alerts, audit, badges, contracts, events, ingest, lockers, people, privacy, schemes, staff, web)
