"""One sans-IO codec for each protocol: bytes in, values out."""
