"""What a fleet of lockers meets in the field: each fault begins, lasts and is healed; which and when is the seed's."""
