"""Special cases: incidents, exclusions, hazards, the override key, police requests, stand-ins."""
