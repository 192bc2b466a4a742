"""The blocks as staff and technicians see them: heard when, on which list, with which faults; and reconciliation."""
