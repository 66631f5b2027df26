"""What the ladder writes: the elements of a login, a resource and stream management."""

from nocarrier import ns
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.session.features import Features

    Known = tuple[str, int, str]  # id, h and full JID of a session
except ImportError:
    pass


VERSION = b" version='1.0'"


def stream_header(domain: str, jid: str, version: bytes) -> bytes:
    """RFC 6120 §4.2, without an XML declaration: bytes. jid: ours, if the server may be told yet; FAST asks for it.

    version: VERSION, or b"" for a stream as of 2001, which has no features.
    """
    return b"<stream:stream xmlns='%s' xmlns:stream='%s'%s to='%s'%s>" % (
        ns.CLIENT.encode(),
        ns.STREAM.encode(),
        b" from='%s'" % jid.encode() if jid else b"",  # a checked address needs no escapes
        domain.encode(),
        version,
    )


def resume(known: "Known") -> Element:
    """XEP-0198 §5."""
    return Element("resume", ns.SM, ("h", str(known[1]), "previd", known[0]))


def enable() -> Element:
    """XEP-0198 §3."""
    return Element("enable", ns.SM, ("resume", "true"))


def bind(resource: str) -> Element:
    """RFC 6120 §7.7."""
    wanted = Element("bind", ns.BIND, (), [Element("resource", ns.BIND, (), [resource])])
    return Element("iq", ns.CLIENT, ("type", "set", "id", "bind"), [wanted])


def starttls() -> Element:
    """RFC 6120 §5.4.2.1."""
    return Element("starttls", ns.TLS)


def riders(
    features: "Features", device: str, known: "Optional[Known]", resource: str, by_token: bool, wanted: str
) -> "list[Element]":
    """What rides along with a login by SASL2 (XEP-0388 §2.2).

    Who asks: the device's UUID; that it is by token, or the mechanism for which one is wanted, or "" (XEP-0484); the
    session to resume; the resource to bind, or else (XEP-0386 §3), "" for none.
    """
    out = [Element("user-agent", ns.SASL2, ("id", device))]
    if by_token:
        out.append(Element("fast", ns.FAST))
    elif wanted:
        out.append(Element("request-token", ns.FAST, ("mechanism", wanted)))
    if known is not None and features.inline_sm:
        out.append(resume(known))
    resumed_later = known is not None and not features.inline_sm
    if resource and features.inline_bind and not resumed_later:
        children = [Element("tag", ns.BIND2, (), [resource])]
        if features.inline_enable:
            children.append(enable())
        out.append(Element("bind", ns.BIND2, (), children))
    return out
