"""What a bank tells: entries verified, stored once, and receipted."""
