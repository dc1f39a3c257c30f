"""Contacts: the people conversations are held with."""
