"""Who works here: accounts, sign-in sessions, API tokens."""
