"""Stands in for the package of RPi.GPIO."""
# ruff: noqa: N999 - its name
