"""API tokens of the organization, and whose credential a request carries."""
