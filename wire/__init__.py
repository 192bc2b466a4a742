"""What controller and gateway say to each other: topics, messages, signatures, the hash chain."""
