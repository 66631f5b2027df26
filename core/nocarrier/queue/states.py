"""A message's life, as data. core/README.md shows these tables; they are generated from here."""

from nocarrier.compat import const

QUEUED = const(0)
SENT = const(1)
ON_SERVER = const(2)
DELIVERED = const(3)
READ = const(4)
FAILED = const(5)

# The words that the user sees.
NAMES = ("queued", "sent", "on server", "delivered", "read", "failed")

# (state, what happened, next state). What is not listed does not happen; a message never moves by another's state.
TRANSITIONS = (
    (QUEUED, "written to the line", SENT),
    (QUEUED, "user cancels, or the message cannot be sent", FAILED),
    (SENT, "acknowledged by the server (XEP-0198 §4)", ON_SERVER),
    (SENT, "found in the archive (XEP-0313)", ON_SERVER),
    (SENT, "not received by the server: resend under the same id", QUEUED),
    (SENT, "receipt (XEP-0184)", DELIVERED),
    (SENT, "error reply", FAILED),
    (ON_SERVER, "receipt (XEP-0184)", DELIVERED),
    (ON_SERVER, "error reply", FAILED),
    (ON_SERVER, "server has forgotten the session: resend to who knows the id", QUEUED),
    (ON_SERVER, "displayed marker (XEP-0333), from somebody who sends no receipts", READ),
    (DELIVERED, "displayed marker (XEP-0333)", READ),
    (FAILED, "user asks to resend under the same id", QUEUED),
    # A settlement without archive resends; the receipt of the first copy may come before the second is written.
    (QUEUED, "receipt (XEP-0184)", DELIVERED),
)


def may_follow(state: int, following: int) -> bool:
    """True if the table has a row from `state` to `following`."""
    for row in TRANSITIONS:
        if row[0] == state and row[2] == following:
            return True
    return False
