"""What people and staff do in a world, and what they know themselves of what they did."""
