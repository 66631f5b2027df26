"""Real XMPP servers for tests, measurements and demonstrations: loopback only, a folder of their own, no privileges."""
