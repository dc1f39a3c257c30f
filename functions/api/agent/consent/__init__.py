"""Consent to recordings: recorded, withdrawn, and who did so when."""
