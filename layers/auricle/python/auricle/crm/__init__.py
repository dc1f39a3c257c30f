"""Customers: contacts, deals, calls, and the timelines that recordings stand on."""
