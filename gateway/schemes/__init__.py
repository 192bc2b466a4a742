"""Kinds of service and their terms: what a contract is signed under."""
