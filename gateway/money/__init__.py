"""Deposits, advances and contributions: what was asked, received, refunded, forgiven; receipts; the open balance."""
