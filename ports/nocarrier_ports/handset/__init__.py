"""The handset app: contacts, conversation, compose; drawn on a framebuf-shaped surface, driven by key()."""
