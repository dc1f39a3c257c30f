"""Interactions: emails, text messages, meetings and notes of a contact."""
