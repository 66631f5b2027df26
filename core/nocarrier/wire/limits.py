"""How large a stanza and its parts may be."""

from nocarrier.errors import UsageError


class WireLimits:
    """Limits of one stream parser; all are the caller's choice, all are checked.

    stanza_bytes: bytes of one depth-1 child, or of the stream header; a larger stanza is skipped and reported.
    chunk_bytes:  bytes handed to one feed(). Memory taken at once: stanza_bytes + chunk_bytes.
    depth:        nesting, the stream element counted as 1.
    attributes:   attributes and namespace declarations of one tag.
    name_bytes:   one name, with its prefix. With their namespaces those of a stanza's attributes are as long as
                  `attributes` such names at most.
    value_bytes:  one attribute value.
    elements:     elements of one stanza; one with more is skipped like a larger one.
    words:        how many words of known stanzas are remembered (shapes.py): each takes 50 bytes at once and up to 200
                  more, and together they make the parser five times as fast. 0 for none, 24 where there is room.
    """

    def __init__(
        self,
        stanza_bytes: int = 4096,
        chunk_bytes: int = 512,
        depth: int = 16,
        attributes: int = 16,
        name_bytes: int = 64,
        value_bytes: int = 1024,
        elements: int = 256,
        words: int = 0,
    ) -> None:
        if min(stanza_bytes, chunk_bytes, depth, attributes, name_bytes, value_bytes, elements) < 1 or words < 0:
            raise UsageError("every limit is at least 1, words at least 0")
        self.stanza_bytes = stanza_bytes
        self.chunk_bytes = chunk_bytes
        self.depth = depth
        self.attributes = attributes
        self.name_bytes = name_bytes
        self.value_bytes = value_bytes
        self.elements = elements
        self.words = words
