"""What a server of SASL2 (XEP-0388) says, with Bind2 and stream management along with it: for scripted dialogues."""

SASL2 = b"<authentication xmlns='urn:xmpp:sasl:2'><mechanism>%s</mechanism><inline>%s</inline></authentication>"
SM = b"<sm xmlns='urn:xmpp:sm:3'/>"
BIND = b"<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>"
PLAIN = b"<stream:features>%s</stream:features>" % (SASL2 % (b"PLAIN", SM + BIND))
SUCCESS = (
    b"<success xmlns='urn:xmpp:sasl:2'>%s<authorization-identifier>anna@exchange.test/nc</authorization-identifier>"
    b"</success>"
)
BOUND = b"<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='sm-%d' resume='true'/></bound>"
