"""The calls API: telephone calls and the logs of their recordings. snake_case, seconds, one envelope for everything."""
