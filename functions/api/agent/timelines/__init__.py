"""Timelines of contacts: recordings, emails, text messages, meetings and notes."""
