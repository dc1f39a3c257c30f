"""Faults put on purpose into a running environment: `make faults`, and a sample of it in `make test`."""
