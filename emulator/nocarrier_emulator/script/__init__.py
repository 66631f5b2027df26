"""Scenarios in files: what is done to handhelds, and what is expected of them, in virtual time."""
