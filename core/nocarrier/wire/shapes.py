"""Stanzas that look like ones seen before, recognised by their markup.

The same few stanzas come over a stream again and again, with other values. A stanza's words are all of its bytes but
its values: "<message type='chat' from='", "' id='", "'><body>", "</body></message>". Whoever has checked a stanza
(markup.py) remembers its words here, as a path in a tree, if it is not the first of its kind. A stanza with the same
words is as well-formed as that one was, if its values are; so these are all that is left to check, and no other byte is
touched by the interpreter.

Some values are taken for markup: those of namespace declarations, which is how a path knows all names with their
namespaces, and those of steady attributes, which the caller names because they seldom change.
"""

import array
import binascii

from nocarrier.compat import const
from nocarrier.wire.source import CLOSE

try:
    from typing import Any, Optional

    from nocarrier.wire.markup import Markup
    from nocarrier.wire.source import Source

    Word = list[Any]
except ImportError:
    pass

# What match() finds.
_MORE = const(0)  # the bytes do not suffice to say
_MATCHED = const(1)
_UNKNOWN = const(2)

# Fields of a Word, a node of the tree: a list, because an object would need twice its memory.
_TEXT = const(0)  # its bytes
_SIZE = const(1)  # how many
_CLOSER = const(2)  # what ends the value behind the word: a quote, or "<"; b"" behind the last
_CHILD = const(3)  # the first of the words that may follow
_NEXT = const(4)  # another word that may stand here
_END = const(5)  # without these bytes behind the word a stanza cannot end
_ITEMS = const(6)  # behind a stanza's last word: what it consists of (source.py); else None

_FIELDS = const(7)

_TAG = b"<"
_TAG_END = b">"
_CLOSERS = (_TAG, b'"', b"'")  # shared by all words
_WORDS_BYTES = const(640)  # of one shape; what a larger stanza would save is little beside its values
_EACH_BYTES = const(192)  # words, tags and lists of a shape, by estimate, for each word that is allowed
_TAG_BYTES = const(48)
_SEEN = const(8)  # kinds of unknown stanzas that are told apart, to see which comes twice
_MISSES = const(32)  # stanzas that were not known, before a full tree is given up for a new one


class Shapes:
    """The tree, and a finger on the word of the stanza at hand.

    limit: how many words are remembered, and how many values a known stanza may have; the source has room for them.
           What is kept of the shapes is limited too: _EACH_BYTES for every word.
    end:   index behind the stanza that matched.
    count: how many marks there are so far.
    """

    def __init__(self, source: Source, limit: int) -> None:
        self._buf = source.bytes
        # Bound once: a method that is looked up anew is an allocation.
        self._find = self._buf.find
        self._starts = self._buf.startswith
        self._source = source
        self._marks = source.marks
        self._seen = array.array("I", [0] * _SEEN)
        self.end = 0
        # All at once, and early: what is allocated now and then, and stays, breaks a small heap into pieces.
        self._pool: "list[Word]" = [[]] * (limit + 1)
        for i in range(limit + 1):
            self._pool[i] = [None] * _FIELDS
        self.forget()

    def forget(self) -> None:
        """Forgets all."""
        for word in self._pool:
            word[_TEXT], word[_CLOSER], word[_END] = b"", _TAG, _TAG_END
            word[_CHILD] = word[_NEXT] = word[_ITEMS] = None
        self._words = 1  # which follows nothing
        self._left_bytes = _EACH_BYTES * len(self._pool)
        self._misses = 0  # since there is no room for more
        self.begin(0)

    def begin(self, start: int) -> None:
        """A stanza begins at index `start`, with "<"."""
        self._word = self._pool[0]
        self._end = _TAG_END
        self._end_size = 0
        self._scan = self._looked = start
        self.count = 0

    def moved(self, gap: int) -> None:
        """The bytes were moved to the front by so many places."""
        self._scan -= gap
        self._looked -= gap
        for i in range(self.count):
            self._marks[i] -= gap

    def match(self) -> int:
        """Goes on with the bytes that have come: MORE, MATCHED or UNKNOWN. Allocates nothing.

        As long as the stanza cannot have come to its end there is nothing to do.
        """
        if self._find(self._end, self._looked) < 0:
            self._looked = len(self._buf) - self._end_size
            return _MORE
        found = self._follow()
        if found == _MORE and self._word[_END] is not self._end:
            self._end = self._word[_END]
            self._end_size = len(self._end) - 1
        return found

    def _follow(self) -> int:
        """Goes on from word to word.

        Few locals, and no tuples: a call with more than eleven words of state takes them from MicroPython's heap.
        """
        find = self._find
        starts = self._starts
        marks = self._marks
        self._source.serial += 1
        word = self._word
        at = self._scan
        count = self.count
        while True:
            at = find(word[_CLOSER], at)
            self._word = word
            if at < 0:
                self._scan = self._looked = len(self._buf)
                break
            word = word[_CHILD]
            while word is not None and not starts(word[_TEXT], at):
                word = word[_NEXT]
            if word is None:
                self.count = count
                word = self._word[_ITEMS]
                if word is None:
                    return self._no_follower(at)
                self._source.items = word
                self._scan = self.end = at
                marks[count - 1] = 0
                return _MATCHED
            marks[count] = at
            at += word[_SIZE]
            marks[count + 1] = at
            count += 2
        self.count = count
        return _MORE

    def _no_follower(self, at: int) -> int:
        """MORE if the last bytes may become a word that follows, else UNKNOWN.

        To compare the bytes would be a loop. As long as they hold nothing that ends a stanza, there is time to see:
        whether they are too few for a word says enough.
        """
        self._scan = self._looked = at
        word = self._word
        if word[_END] is _TAG_END:
            ends = self._find(b"/>", at) >= 0 or self._find(b"</", at) >= 0
        else:
            ends = self._find(word[_END], at) >= 0
        word = word[_CHILD]
        while word is not None:
            if len(self._buf) - at < word[_SIZE] and (not ends or self._is_prefix(at, word[_TEXT])):
                return _MORE
            word = word[_NEXT]
        return _UNKNOWN

    def _is_prefix(self, at: int, text: bytes) -> bool:
        """True if the text begins with the bytes from index `at` on."""
        for i in range(at, len(self._buf)):
            if self._buf[i] != text[i - at]:
                return False
        return True

    def learn(self, markup: "Markup", head_end: int, end: int) -> None:
        """Remembers the stanza that markup has just read, if one of its kind was here before.

        head_end: index behind its start tag; end: index behind all of it.
        """
        marks, count = self._marks, markup.count
        words = count // 2 + 1
        size = end - marks[0]
        kind = 0
        for i in range(1, count, 2):
            size -= marks[i + 1] - marks[i]
            kind = binascii.crc32(memoryview(self._buf)[marks[i - 1] : marks[i]], kind)
        kind = binascii.crc32(memoryview(self._buf)[marks[count - 1] : end], kind)
        if size > _WORDS_BYTES or words >= len(self._pool) or not self._seen_before(kind):
            return
        if self._words >= len(self._pool) or self._left_bytes <= 0:
            self._misses += 1
            if self._misses < _MISSES:
                return
            self.forget()
        view = memoryview(self._buf)
        lt = self._buf.rfind(b"</", marks[0], end)
        end_tag = self._kept(bytes(view[lt : end - 1]).rstrip()) if lt >= 0 else b""
        word: "Any" = self._pool[0]
        for i in range(0, count, 2):
            text, closer = bytes(view[marks[i] : end if i + 1 == count else marks[i + 1]]), b""
            if i + 1 < count:
                closer = _CLOSERS[b"<\"'".find(self._buf[marks[i + 2] : marks[i + 2] + 1])]
            word = self._follower(word, text, closer, _TAG_END if marks[i] + len(text) < head_end else end_tag)
            if word is None:
                return
        last = len(self._source.items)
        while self._source.items[last - 1] == CLOSE:  # these go without saying
            last -= 1
        self._left_bytes -= 4 * last
        items = []
        for item in self._source.items[:last]:
            items.append(self._kept_tag(item))
            if self._left_bytes < 0:
                return
        word[_ITEMS] = tuple(items)

    def _seen_before(self, kind: int) -> bool:
        """True if this kind was asked for lately; from now on it was."""
        for i in range(_SEEN):
            if self._seen[i] == kind:
                return True
        for i in range(_SEEN - 1, 0, -1):
            self._seen[i] = self._seen[i - 1]
        self._seen[0] = kind
        return False

    def _follower(self, word: "Any", text: bytes, closer: bytes, end: bytes) -> "Optional[Word]":
        """This one of the words that follow; a new one, with all of this behind it, if there is none yet.

        None if there is no room for it.
        """
        follower = word[_CHILD]
        while follower is not None:
            if follower[_TEXT] == text:
                return follower  # type: ignore[no-any-return]
            follower = follower[_NEXT]
        self._left_bytes -= len(text)
        if self._words >= len(self._pool) or self._left_bytes < 0:
            return None
        new = self._pool[self._words]
        new[_TEXT], new[_SIZE], new[_CLOSER] = self._kept(text), len(text), closer
        new[_CHILD], new[_NEXT] = None, word[_CHILD]
        new[_END], new[_ITEMS] = end, None
        word[_CHILD] = new
        self._words += 1
        return new

    def _kept(self, text: bytes) -> bytes:
        """This text, or the one equal to it that is kept already."""
        for i in range(self._words):
            for known in (self._pool[i][_TEXT], self._pool[i][_END]):
                if known == text:
                    return known  # type: ignore[no-any-return]
        return text

    def _kept_tag(self, tag: "Any") -> "Any":
        """This tag, or the one equal to it that is kept already: tags come again in other shapes."""
        for i in range(self._words):
            for known in self._pool[i][_ITEMS] or ():
                if known == tag:
                    return known
        if not isinstance(tag, int):
            self._left_bytes -= _TAG_BYTES
            for part in tag:
                self._left_bytes -= 4 + (len(part) if isinstance(part, str) else 0)
        return tag
