"""The one CRM record a recording is linked to."""

from __future__ import annotations
