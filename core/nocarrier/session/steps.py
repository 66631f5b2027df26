"""The states of a session, as data. core/README.md shows this table; it is generated from here."""

from nocarrier.compat import const

CLOSED = const(0)
OPENING = const(1)
OFFERED = const(2)
CHALLENGED = const(3)
DERIVING = const(4)
PROVED = const(5)
REOPENING = const(6)
OFFERED_AGAIN = const(7)
RESUMING = const(8)
PROVING = const(9)
BINDING = const(10)
ENABLING = const(11)
ONLINE = const(12)
SECURING = const(13)
SECURED = const(14)

NAMES = (
    "closed", "opening", "offered", "challenged", "deriving", "proved", "reopening", "offered again",
    "resuming", "proving", "binding", "enabling", "online", "securing", "secured",
)  # fmt: skip

# (state, what happens, next state)
STEPS = (
    (CLOSED, "link is up: send stream header, and what follows the features if they are known", OPENING),
    (OPENING, "stream header (RFC 6120 §4.2)", OFFERED),
    (OPENING, "stream header, legacy profile: jabber:iq:auth is sent, or was (XEP-0078)", PROVED),
    (OFFERED, "features with TLS: <starttls/> has gone with the stream header (RFC 6120 §5)", SECURING),
    (SECURING, "proceed: the link begins TLS; nothing more is read or written", SECURED),
    (SECURED, "TLS stands: all begins anew", OPENING),
    (OFFERED, "features: send SCRAM's first message, in <auth/> or <authenticate/> (XEP-0388)", CHALLENGED),
    (OFFERED, "features: send a token (XEP-0484) or PLAIN, where either is safe", PROVED),
    (CHALLENGED, "failure of what was sent before the features: begin anew as they say", OFFERED),
    (PROVED, "failure of the token, or of what was sent before the features: begin anew", OFFERED),
    (CHALLENGED, "challenge: derive the key in slices (RFC 5802 §3)", DERIVING),
    (DERIVING, "key ready: send <response/>", PROVED),
    (PROVED, "success, server's signature right: send a new stream header and what follows it", REOPENING),
    (PROVED, "success of SASL2 with a resumed session: send <r/>", PROVING),
    (PROVED, "success of SASL2 with a bound resource (XEP-0386), or of the legacy profile", BINDING),
    (REOPENING, "stream header; none after SASL2", OFFERED_AGAIN),
    (OFFERED_AGAIN, "features, a session is known: <resume/> is sent or was (XEP-0198 §5)", RESUMING),
    (OFFERED_AGAIN, "features: the account's resource is bound (RFC 6120 §7), with <enable/>", BINDING),
    (RESUMING, "resumed: send <r/>, since a resumed stream may be deaf", PROVING),
    (RESUMING, "failed: bind the account's resource, send <enable/> with it", BINDING),
    (PROVING, "<a/>: the server hears us", ONLINE),
    (BINDING, "bound, stream management was offered", ENABLING),
    (BINDING, "bound, no stream management", ONLINE),
    (ENABLING, "enabled or failed (XEP-0198 §3)", ONLINE),
)


def may_follow(state: int, following: int) -> bool:
    """True if the table has a row from `state` to `following`; every state may be left for CLOSED."""
    if following == CLOSED:
        return True
    for row in STEPS:
        if row[0] == state and row[2] == following:
            return True
    return False
