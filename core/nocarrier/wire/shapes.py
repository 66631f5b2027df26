"""Stanzas that look like ones seen before, recognised by their markup.

The same few stanzas come over a stream again and again, with other values. A stanza's words are all of its bytes but
its values: "<message type='chat' from='", "' id='", "'><body>", "</body></message>". Whoever has checked a stanza
(markup.py) remembers its words here, as a path in a tree, if it is not the first of its kind. A stanza with the same
words is as well-formed as that one was, if its values are; so these are all that is left to check, and no other byte is
touched by the interpreter.

Some values are taken for markup: those of namespace declarations, which is how a path knows all names with their
namespaces, and those of steady attributes, which the caller names because they seldom change.
"""

from array import array
from binascii import crc32

from nocarrier.compat import const
from nocarrier.wire.source import Source

try:
    from typing import Any, Optional

    from nocarrier.wire.markup import Markup

    Word = list[Any]
except ImportError:
    pass

# What match() finds.
MORE = const(0)  # the bytes do not suffice to say
MATCHED = const(1)
UNKNOWN = const(2)

# Fields of a Word, a node of the tree: a list, because an object would need twice its memory.
_TEXT = const(0)  # its bytes
_SIZE = const(1)  # how many
_CLOSER = const(2)  # what ends the value behind the word: a quote, or "<"; b"" behind the last
_CHILD = const(3)  # the first of the words that may follow
_NEXT = const(4)  # another word that may stand here
_END = const(5)  # without these bytes behind the word a stanza cannot end
_SHAPE = const(6)  # behind a stanza's last word: its items and places (source.py); else None

_TAG = b"<"
_TAG_END = b">"
_CLOSERS = (_TAG, b'"', b"'")  # shared by all words
_WORDS_BYTES = const(640)  # of one shape; what a larger stanza would save is little beside its values
_MARKS = const(120)  # words of which fit into places
_SEEN = const(16)  # kinds of unknown stanzas that are told apart, to see which comes twice
_MISSES = const(32)  # stanzas that were not known, before a full tree is given up for a new one


class Shapes:
    """The tree, and a finger on the word of the stanza at hand.

    limit: how many words are remembered, and how many values a known stanza may have; size_bytes: of the source.
    end:   index behind the stanza that matched.
    shape: of that stanza: its items and places.
    marks: where the values found so far begin and end: value i, counted from 1, from marks[2i - 1] to marks[2i]; when
           the stanza has matched, a 0 behind them.
    count: how many marks there are.
    """

    def __init__(self, source: Source, limit: int, size_bytes: int) -> None:
        self._buf = source.bytes
        # Bound once: a method that is looked up anew is an allocation.
        self._find = self._buf.find
        self._starts = self._buf.startswith
        self._on = self._follow  # and it is not found in the class only after all attributes were searched
        self._limit = limit
        self.marks = array("H" if size_bytes < 0x10000 else "I", [0] * (2 * limit + 2))
        self._seen = array("I", [0] * _SEEN)
        self.shape: "Any" = None
        self.end = 0
        self.forget()

    def forget(self) -> None:
        """Forgets all."""
        self._root: "Word" = [b"", 0, _TAG, None, None, _TAG_END, None]
        self._values: "list[Any]" = []
        self._words = 0
        self._misses = 0
        self.begin(0)

    def begin(self, start: int) -> None:
        """A stanza begins at index `start`, with "<"."""
        self._word = self._root
        self._end = _TAG_END
        self._end_size = 0
        self._scan = self._looked = start
        self.count = 0

    def moved(self, gap: int) -> None:
        """The bytes were moved to the front by so many places."""
        self._scan -= gap
        self._looked -= gap
        for i in range(self.count):
            self.marks[i] -= gap

    def match(self) -> int:
        """Goes on with the bytes that have come: MORE, MATCHED or UNKNOWN. Allocates nothing.

        As long as the stanza cannot have come to its end there is nothing to do.
        """
        if self._find(self._end, self._looked) < 0:
            self._looked = len(self._buf) - self._end_size
            return MORE
        found = self._on()
        if found == MORE and self._word[_END] is not self._end:
            self._end = self._word[_END]
            self._end_size = len(self._end) - 1
        return found

    def _follow(self) -> int:
        """Goes on from word to word.

        Few locals, and no tuples: a call with more than eleven words of state takes them from MicroPython's heap.
        """
        find = self._find
        starts = self._starts
        marks = self.marks
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
                word = self._word[_SHAPE]
                if word is None:
                    return self._no_follower(at)
                self.shape = word
                self.end = at
                marks[count - 1] = 0
                return MATCHED
            marks[count] = at
            at += word[_SIZE]
            marks[count + 1] = at
            count += 2
        self.count = count
        return MORE

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
                return MORE
            word = word[_NEXT]
        return UNKNOWN

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
        marks = markup.marks
        words = len(marks) // 2 + 1
        size = end - marks[0]
        kind = 0
        for i in range(1, len(marks), 2):
            size -= marks[i + 1] - marks[i]
            kind = crc32(memoryview(self._buf)[marks[i - 1] : marks[i]], kind)
        kind = crc32(memoryview(self._buf)[marks[-1] : end], kind)
        self._misses += 1
        if size > _WORDS_BYTES or words > self._limit or words > _MARKS or not self._seen_before(kind):
            return
        if self._words >= self._limit and self._misses >= _MISSES:
            self.forget()
        if self._words >= self._limit:
            return
        word = self._root
        end_tag = self._shared(b"</" + markup.name)
        for i in range(0, len(marks), 2):
            last = i + 2 > len(marks)
            text = bytes(self._buf[marks[i] : end if last else marks[i + 1]])
            follows = b"" if last else _CLOSERS[b"<\"'".find(self._buf[marks[i + 2] : marks[i + 2] + 1])]
            follower = self._follower(word, text, follows, _TAG_END if marks[i] + len(text) < head_end else end_tag)
            if follower is None:
                return
            word = follower
        items = tuple([item if isinstance(item, int) else self._shared(item) for item in markup.items])
        word[_SHAPE] = items, bytes(list(markup.places))

    def _seen_before(self, kind: int) -> bool:
        """True if this kind was asked for lately; from now on it was."""
        for i in range(_SEEN):
            if self._seen[i] == kind:
                return True
        self._seen[self._misses % _SEEN] = kind
        return False

    def _follower(self, word: "Word", text: bytes, closer: bytes, end: bytes) -> "Optional[Word]":
        """This one of the words that follow; a new one, with all of this behind it, if there is none yet.

        None if there is no room for it.
        """
        follower = word[_CHILD]
        while follower is not None:
            if follower[_TEXT] == text:
                return follower  # type: ignore[no-any-return]
            follower = follower[_NEXT]
        if self._words >= self._limit:
            return None
        new: "Word" = [self._shared(text), len(text), closer, None, word[_CHILD], end, None]
        word[_CHILD] = new
        self._words += 1
        return new

    def _shared(self, value: "Any") -> "Any":
        """This value, or the one equal to it that is kept already: tags and words come again in other shapes."""
        for known in self._values:
            if known == value:
                return known
        self._values.append(value)
        return value
