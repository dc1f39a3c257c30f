"""The one CRM record a recording is linked to."""
