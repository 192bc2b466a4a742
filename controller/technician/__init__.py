"""What a technician does at the command line. Nothing of it is loaded by a bank that runs."""
