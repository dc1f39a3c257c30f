"""Recordings on the agent API: the list, the detail, and the transcript."""
