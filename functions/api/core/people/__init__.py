"""Users and teams of the organization, and the organization itself."""
