"""Images and multimedia events that were captured during a recording."""
