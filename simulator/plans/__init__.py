"""One file a kind of device: what a plan says of it, the controller's table made from that, and its place in a bank."""
