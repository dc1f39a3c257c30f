"""Questions a rep answers after a conversation, and the answers."""
