"""Badges, known by their digests alone."""
