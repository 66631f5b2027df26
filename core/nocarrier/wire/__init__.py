"""Bytes to stanzas and back: the XML subset of RFC 6120 §11, with limits. Nothing here knows XMPP's meanings."""
