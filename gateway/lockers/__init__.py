"""Organisations, sites, banks and their lockers, and the wall that shows them."""
