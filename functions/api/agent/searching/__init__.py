"""Search over everything that was said with customers."""
