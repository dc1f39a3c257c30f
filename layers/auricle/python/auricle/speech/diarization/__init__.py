"""Who spoke when: speaker turns of one recording, by voice or by channel."""
