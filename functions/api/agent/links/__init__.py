"""Which contacts and which deal a recording concerns."""
