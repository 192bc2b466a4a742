"""What keeps people's names and notes to those who need them: sealing, retention, erasure, export."""
