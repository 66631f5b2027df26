"""What the client tells the app, as (kind, value)."""

from nocarrier.compat import const

ONLINE = const(1)  # value: True if the old session was resumed
OFFLINE = const(2)  # value: None
MESSAGE = const(3)  # value: records.Incoming, on flash; with the flag ELSEWHERE the user's own, from another device
STATE = const(4)  # value: (seq, state): an outgoing message moved on (queue/states.py)
ROSTER = const(5)  # value: None; Client.roster has changed
PRESENCE = const(6)  # value: roster.Contact
SUBSCRIPTION = const(7)  # value: bare JID that wants to see our presence (RFC 6121 §3.1)
FAULT = const(8)  # value: the error; close the link and call link_down(). may_retry() tells what then
DAMAGED = const(9)  # value: places on flash that could not be read at the start; what was there is gone
GIVEN_UP = const(10)  # value: messages never seen that had to make room for newer ones

NAMES = (
    "", "online", "offline", "message", "state", "roster", "presence", "subscription", "fault", "damaged",
    "given up",
)  # fmt: skip
