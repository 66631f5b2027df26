"""Links: ways for bytes to reach a server. link.py says what a link is."""
