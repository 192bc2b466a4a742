"""Bringing in what a scheme kept elsewhere: each problem is listed with its row, or all of it goes in at once."""
