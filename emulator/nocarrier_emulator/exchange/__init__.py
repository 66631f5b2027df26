"""The built-in exchange: a small XMPP server for demos and deterministic tests. It shares no parser with the core."""
