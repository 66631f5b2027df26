"""What a trace must not tell: passwords, what proves them, tokens that stand for them, PINs."""

import re

_MASK = "***"
# Elements whose text is one (RFC 6120 §6, XEP-0388, XEP-0077, XEP-0078), and attributes (XEP-0484).
_ELEMENTS = re.compile(
    r"(<(?:\w+:)?(auth|response|challenge|success|continue|initial-response|additional-data|password|digest)"
    r"(?:\s[^>]*)?>)[^<]+(?=<|$)"
)
_ATTRIBUTES = re.compile(r"(\s(?:token|secret)=)(?:'[^']*'|\"[^\"]*\")")
_COMMANDS = re.compile(r"(\+(?:CPIN|CGAUTH|CSTT|QICSGP|CPWD|CLCK|SAPBR)\s*=)[^\r;?]+", re.IGNORECASE)


def of_xml(text: str) -> str:
    """A piece of a stream, as it may be shown."""
    return _ATTRIBUTES.sub(r"\1'%s'" % _MASK, _ELEMENTS.sub(r"\1%s" % _MASK, text))


def of_command(text: str) -> str:
    """A line of AT commands, as it may be shown."""
    return _COMMANDS.sub(r"\1%s" % _MASK, text)
