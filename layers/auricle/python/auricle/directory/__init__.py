"""Who belongs to an organization, what they may see, and what the organization decides."""
