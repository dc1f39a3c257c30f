"""Comments on a recording, in threads, and who has read them."""
