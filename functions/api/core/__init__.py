"""The core API: recordings with everything known of them, for CRM integrators and phones. camelCase, milliseconds.

Each subject is a package: its `routes` and, beside them, the `models` of what they read and answer.
"""
