"""nocarrier: an XMPP messenger's portable core. Import the module that you need; nothing is imported here."""

__version__ = "0.1.0"
