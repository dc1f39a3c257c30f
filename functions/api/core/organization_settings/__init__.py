"""What the organization decides for all of its recordings."""
