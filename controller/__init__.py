"""Decides and remembers: pure core, journal, outbox, uplink."""

SOFTWARE = "casier 0.1.0"
