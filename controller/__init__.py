"""Decides and remembers: pure core, journal, outbox, uplink."""
