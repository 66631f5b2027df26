"""The emulator's page: a small world (world.py) served to browsers (server.py, page/)."""
