"""The table: items, the stores on them, and what its stream tells."""
