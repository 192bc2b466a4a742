"""Schemes and the dated agreements that give people lockers."""
