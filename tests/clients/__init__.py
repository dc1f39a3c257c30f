"""Whoever generates a client from the OpenAPI document can: generators and validators read it, and calls type-check."""
