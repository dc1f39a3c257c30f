"""Who viewed a recording, who starred it, and how long they listened."""
