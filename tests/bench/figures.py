"""The names of all figures with their units, limits and the peers they compare with; names are stable from here on.

Peers were measured on two cores over loopback with their own released code; a factor of two between machines is normal.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """What another system reached at the same thing, in the figure's unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure; `limit` None only reports. Rates are better the higher they are, all else the lower."""

    name: str
    unit: str
    limit: float | None = None
    peer: Peer | None = None

    @property
    def higher_is_better(self) -> bool:
        """Whether a large value is a good one: rates only."""
        return self.unit.endswith(("/s", "/min"))

    def holds(self, value: float) -> bool:
        """Whether a value keeps to the limit; one that could not be measured (not a number) does not."""
        if math.isnan(value):
            return False
        if self.limit is None:
            return True
        return value >= self.limit if self.higher_is_better else value <= self.limit

    def better_than_peer(self, value: float) -> float | None:
        """How many times better than the peer."""
        if self.peer is None or not value > 0:
            return None
        return value / self.peer.value if self.higher_is_better else self.peer.value / value


_BYTE_CODECS = ("rdm6300", "id12la", "xor_board", "kerong_cu", "kerong_cu_48", "modbus_relay", "pn532", "osdp")
_EDGE_CODECS = ("wiegand", "keyboard_wedge")  # edges and keys are no bytes
_DOOR_PIN, _OPEN_LOCKER = "door-pin", "Open-Locker"
DEFINITIONS = (
    Definition("badge_to_coil_p50_ms", "ms", 1.0, Peer(f"{_DOOR_PIN}, 60 cards", 1.35)),
    Definition("badge_to_coil_p99_ms", "ms", 3.0),
    Definition("badge_to_coil_p50_ms_20000_grants", "ms", 1.2, Peer(f"{_DOOR_PIN}, 3,000 cards", 38.0)),
    Definition("badge_to_coil_p99_ms_20000_grants", "ms", 3.6),
    Definition("badge_to_coil_20000_over_60", "x", 1.2, Peer(f"{_DOOR_PIN}, 3,000 over 60", 28.0)),
    Definition("badge_to_coil_alone_p50_ms", "ms"),
    Definition("command_to_coil_p50_ms", "ms", 2.0, Peer(_OPEN_LOCKER, 6.3)),
    Definition("command_to_coil_p99_ms", "ms", 5.0, Peer(_OPEN_LOCKER, 9.1)),
    Definition("revoke_in_force_p50_ms", "ms"),
    Definition("revoke_in_force_p99_ms", "ms", 100.0),
    Definition("controller_rss_mb", "MB", 45.0, Peer(_OPEN_LOCKER, 88.0)),
    Definition("controller_rss_mb_20000_grants", "MB", 80.0),
    Definition("controller_rss_mb_lights", "MB", 45.0),
    Definition("controller_start_s", "s", 0.6, Peer("Home Assistant", 44.0)),
    Definition("controller_idle_cpu_percent", "%", 2.0),
    Definition("backlog_100k_s", "s", 30.0),
    Definition("backlog_controller_rss_growth_mb", "MB", 5.0),
    Definition("backlog_gateway_rss_growth_mb", "MB", 20.0),
    Definition("ingest_entries_per_s", "entries/s", None, Peer("PostgreSQL 15, batches of 500", 18_200.0)),
    Definition("ingest_batch_p99_ms", "ms"),
    Definition("world_days_per_minute", "days/min", 500.0),
    Definition("world_days_per_minute_all_faults", "days/min"),
    Definition("envelope_verify_us", "us"),
    Definition("decide_60_grants_us", "us"),
    Definition("decide_20000_grants_us", "us"),
    *(
        Definition(f"{page}_p95_ms_{database}", "ms", limit * (2 if database == "sqlite" else 1))
        for database in ("postgresql", "sqlite")
        for page, limit in (("wall", 100.0), ("person", 100.0), ("site_report", 100.0), ("network_report", 500.0))
    ),
    *(
        Definition(f"{page}_growth_x_{database}", "x")
        for database in ("postgresql", "sqlite")
        for page in ("wall", "person", "site_report", "network_report")
    ),
    *(Definition(f"{codec}_frames_per_s", "frames/s", 50_000.0) for codec in (*_BYTE_CODECS, *_EDGE_CODECS)),
    *(Definition(f"{codec}_garbage_mb_per_s", "MB/s", 2.0) for codec in _BYTE_CODECS),
)
BY_NAME = {definition.name: definition for definition in DEFINITIONS}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value of a known name."""

    name: str
    value: float

    @property
    def definition(self) -> Definition:
        """What this name stands for."""
        return BY_NAME[self.name]

    @property
    def ok(self) -> bool:
        """Whether it keeps to its limit."""
        return self.definition.holds(self.value)


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that `percent` of all do not exceed."""
    ordered: Sequence[float] = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
