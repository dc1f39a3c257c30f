"""Search over recordings, interactions and contacts."""
