"""The `auricle` command: one module for each group of commands, put together in `main.py`.

Modules import what a command needs inside it, so that `auricle --help` answers quickly.
"""
