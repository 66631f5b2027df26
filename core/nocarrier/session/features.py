"""What the server offers (RFC 6120 §4.3.2), read from its features and remembered until the next login."""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.decimal import decimal

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass

_SCRAM_SHA_256_PLUS = const("SCRAM-SHA-256-PLUS")
_SCRAM_SHA_1_PLUS = const("SCRAM-SHA-1-PLUS")
_SCRAM_SHA_256 = const("SCRAM-SHA-256")
_SCRAM_SHA_1 = const("SCRAM-SHA-1")
_PLAIN = const("PLAIN")
_HT_EXPR = const("HT-SHA-256-EXPR")
_HT_ENDP = const("HT-SHA-256-ENDP")
_HT_NONE = const("HT-SHA-256-NONE")
# Mechanisms of SASL and of FAST (XEP-0484 §3), types of channel binding (XEP-0440 §4; RFC 9266, RFC 5929 §4): of each
# kind those that we know, the strongest first.
MECHANISMS = (_SCRAM_SHA_256_PLUS, _SCRAM_SHA_1_PLUS, _SCRAM_SHA_256, _SCRAM_SHA_1, _PLAIN)
TOKENS = (_HT_EXPR, _HT_ENDP, _HT_NONE)
BINDINGS = ("tls-exporter", "tls-server-end-point")

_LIMIT_DIGITS = 9

# How XEP-0474 §3 puts lists together, sorted.
_BETWEEN = const("\x1e")
TYPES_FOLLOW = "\x1f"

# What is looked for under each name; whatever else is offered is of no use to us, and might be called anything.
_LISTS = {ns.SASL2: MECHANISMS, ns.SASL: MECHANISMS, ns.FAST: TOKENS, ns.SASL_CB: BINDINGS}
# As in ns.py; once more, because only a table of the same module's constants lies in the firmware.
_SASL2 = const("urn:xmpp:sasl:2")
_SASL = const("urn:ietf:params:xml:ns:xmpp-sasl")
_SASL_CB = const("urn:xmpp:sasl-cb:0")
_FAST = const("urn:xmpp:fast:0")
_TAGS = ((_SASL2, "2:"), (_SASL, "1:"), (_FAST, "t:"), (_SASL_CB, "c:"))  # short: a journal holds them often
_FLAGS = ("inline_sm", "inline_bind", "inline_enable", "binds", "sm", "csi", "pipelines", "one_step", "terse", "rides")
# What servers call themselves in their capabilities (XEP-0115 §4).
_EJABBERD = const("https://www.process-one.net/ejabberd/")


class Features:
    """The parts of <stream:features/> that the session acts on.

    offered: mechanisms of each SASL profile and of FAST, and types of channel binding, by namespace.
    listed:  all mechanisms of each SASL profile with the types of channel binding, as XEP-0474 hashes them.
    sm, bind, csi: what may be asked for after the login (csi: XEP-0352).
    inline_sm:   a session may be resumed with SASL2's success (XEP-0198).
    inline_bind: a resource may be bound with it (XEP-0386); inline_enable: and stream management begun.
    binds:       the server has anything to do with channel binding.
    max_bytes, idle_s: what the server takes at once, and how long it bears silence (XEP-0478); 0: it does not say.
    pipelines:   all of a login may be in one write, the stream that it restarts included.
    one_step:    the server has refused something that was sent ahead of its answer, when it offered just this.
    terse:       who begins a stream without version is spared the features, and is served as well, but for channel
                 binding.
    rides:       stanzas behind <resume/> are dealt with if the session is resumed, and dropped if not, in whatever
                 pieces they come.
    """

    def __init__(self) -> None:
        self.offered: "dict[str, list[str]]" = {name: [] for name in _LISTS}
        self.listed: "dict[str, str]" = {}
        self.inline_sm = self.inline_bind = self.inline_enable = False
        self.tls = self.tls_required = self.bind = self.sm = self.csi = False
        self.max_bytes = self.idle_s = 0
        self.binds = self.pipelines = self.one_step = self.terse = self.rides = False

    def text(self) -> str:
        """What of it is worth remembering until the next login, in words of ASCII."""
        words = [name for name in _FLAGS if getattr(self, name)]
        for kind, tag in _TAGS:
            words += [tag + name for name in self.offered[kind]]
        return " ".join(words)

    def forget_bindings(self) -> None:
        """What was offered on a line without TLS is no promise for one with it: anybody may have written it."""
        for kind in (ns.SASL2, ns.SASL):
            self.offered[kind] = [name for name in self.offered[kind] if not name.endswith("-PLUS")]

    def rides_differ(self, other: "Features") -> bool:
        """True if other things may ride along with a login than those of the other one."""
        return any([getattr(self, name) != getattr(other, name) for name in _FLAGS[:3]])

    def remember(self, before: "Optional[Features]", refused: bool) -> None:
        """Adds what an earlier login has shown. refused: this time the server has refused what was sent ahead."""
        self.sm = True  # nearly every server has it
        if before is not None:
            self.csi = before.csi or self.csi
            self.sm, self.pipelines, self.terse, self.rides = before.sm, before.pipelines, before.terse, before.rides
            self.one_step = before.one_step and before.offered == self.offered
        self.one_step = self.one_step or refused

    def behind(self, features: "Features") -> None:
        """Adds what the features behind the login show, before a session is begun."""
        self.sm, self.csi = features.sm, False
        self.late(features)
        # Without stream management it was probably this that was refused, and it will not be asked for again.
        self.one_step = self.one_step and self.sm

    def late(self, features: "Features") -> None:
        """Adds what features show that come when a session stands: sm is left out by then."""
        self.csi = features.csi or self.csi
        self.pipelines, self.terse, self.rides = features.pipelines, features.terse, features.rides


def recalled(text: str) -> Features:
    """The Features of which text() made this."""
    features = Features()
    for word in text.split():
        if word in _FLAGS:
            setattr(features, word, True)
        for kind, tag in _TAGS:  # a word without any of these was written by another version
            if word.startswith(tag):
                features.offered[kind].append(word[2:])
    return features


def read(element: Node) -> Features:
    """Reads <stream:features/>."""
    features = Features()
    sasl2 = element.child("authentication", ns.SASL2)
    bindings = element.child("sasl-channel-binding", ns.SASL_CB)
    inline = sasl2.child("inline", ns.SASL2) if sasl2 is not None else None
    types = [each.get("type") or "" for each in bindings.elements()] if bindings is not None else []
    _take(features, ns.SASL_CB, types)
    tail = TYPES_FOLLOW + _BETWEEN.join(sorted(types)) if bindings is not None else ""
    for profile, names in (
        (ns.SASL2, _mechanisms(sasl2, ns.SASL2)),
        (ns.SASL, _mechanisms(element.child("mechanisms", ns.SASL), ns.SASL)),
    ):
        _take(features, profile, names)
        features.listed[profile] = _BETWEEN.join(sorted(names)) + tail
        features.binds = features.binds or bindings is not None or any([name.endswith("-PLUS") for name in names])
    if inline is not None:
        _read_inline(features, inline)
    starttls = element.child("starttls", ns.TLS)
    features.tls = starttls is not None
    features.tls_required = starttls is not None and starttls.child("required", ns.TLS) is not None
    features.bind = element.child("bind", ns.BIND) is not None
    features.sm = element.child("sm", ns.SM) is not None
    features.csi = features.csi or element.child("csi", ns.CSI) is not None
    caps = element.child("c", ns.CAPS)
    node = caps.get("node") if caps is not None else None
    limits = element.child("limits", ns.LIMITS)
    if limits is not None:
        features.max_bytes = max(0, decimal(limits.child_text("max-bytes", ns.LIMITS) or "", _LIMIT_DIGITS))
        features.idle_s = max(0, decimal(limits.child_text("idle-seconds", ns.LIMITS) or "", _LIMIT_DIGITS))
    # Only where it is offered (XEP-0305): Prosody seems to do it unasked, and reads what comes in the next segment with
    # the wrong parser.
    features.pipelines = element.child("pipelining", ns.PIPELINING) is not None
    # Measured (core/README.md); nothing that a server is asked for says so.
    features.terse = features.rides = node == _EJABBERD
    return features


def _read_inline(features: Features, inline: Node) -> None:
    """What may ride along with a login (XEP-0388 §2.1)."""
    _take(features, ns.FAST, _mechanisms(inline.child("fast", ns.FAST), ns.FAST))
    features.inline_sm = inline.child("sm", ns.SM) is not None
    bind2 = inline.child("bind", ns.BIND2)
    features.inline_bind = bind2 is not None
    with_bind = bind2.child("inline", ns.BIND2) if bind2 is not None else None
    if with_bind is not None:
        features.inline_enable = any([each.get("var") == ns.SM for each in with_bind.elements()])
        features.csi = any([each.get("var") == ns.CSI for each in with_bind.elements()])


def _take(features: Features, kind: str, names: "list[str]") -> None:
    features.offered[kind] = [name for name in _LISTS[kind] if name in names]


def _mechanisms(element: "Optional[Node]", xmlns: str) -> "list[str]":
    if element is None:
        return []
    return [each.text() for each in element.elements() if each.is_a("mechanism", xmlns)]
