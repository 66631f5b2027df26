"""Numbered gremlins: they press keys and pull plugs; what breaks is played again and cut down to what it needs."""
