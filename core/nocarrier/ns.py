"""The namespaces that the core speaks."""

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SASL2 = "urn:xmpp:sasl:2"  # XEP-0388
BIND2 = "urn:xmpp:bind:0"  # XEP-0386
SM = "urn:xmpp:sm:3"  # XEP-0198
ROSTER = "jabber:iq:roster"
RECEIPTS = "urn:xmpp:receipts"  # XEP-0184
SID = "urn:xmpp:sid:0"  # XEP-0359
DELAY = "urn:xmpp:delay"  # XEP-0203
MAM = "urn:xmpp:mam:2"  # XEP-0313
CARBONS = "urn:xmpp:carbons:2"  # XEP-0280
RSM = "http://jabber.org/protocol/rsm"  # XEP-0059
FORWARD = "urn:xmpp:forward:0"  # XEP-0297
PING = "urn:xmpp:ping"  # XEP-0199
SASL_CB = "urn:xmpp:sasl-cb:0"  # XEP-0440
FAST = "urn:xmpp:fast:0"  # XEP-0484
CAPS = "http://jabber.org/protocol/caps"  # XEP-0115
PIPELINING = "urn:xmpp:features:pipelining"  # XEP-0305
CSI = "urn:xmpp:csi:0"  # XEP-0352
LIMITS = "urn:xmpp:stream-limits:0"  # XEP-0478
IQ_AUTH = "jabber:iq:auth"  # XEP-0078
