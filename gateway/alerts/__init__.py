"""Alerts to people who can act: what happened at a door or a block, or what waits for a decision."""
