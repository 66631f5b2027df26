"""What went wrong between what one side has sent and what the other side has, message by message.

A server may hand over an older message behind a younger one, and its archive may have the younger one first: then a
device that shows at once what it gets shows the older one late. To tell that from what a device turns round itself,
it is noted what came over its line, and when.
"""

_NEAR = 500  # messages among which one that came late is looked for
_NEVER = 1 << 60


class Comings:
    """Of messages, each known by some text of its own.

    heard: the number of its coming; of what comes again, since the device did not live to keep it, the last counts.
    archived: the number of its first coming out of the archive.
    """

    def __init__(self) -> None:
        self.heard: dict[str, int] = {}
        self.archived: dict[str, int] = {}
        self._count = 0

    def came(self, text: str, from_archive: bool, kept: bool) -> None:
        """One has come over the line. kept: the device had it already."""
        self._count += 1
        if not kept:
            self.heard[text] = self._count
        if from_archive:
            self.archived.setdefault(text, self._count)

    def late(self, sent: list[str], got: list[str]) -> set[str]:
        """Which are behind one that was sent later, as they had come over the line already, or out of the archive.

        Of those that have come ahead of their place the archive's word counts: it had the other, and not yet this one.
        """
        place = {text: number for number, text in enumerate(sent)}
        late, newest = set(), -1
        for at, text in enumerate(got):
            if place.get(text, -1) > newest:
                newest = place[text]
            elif text in place and text in self.heard:
                before = got[max(0, at - _NEAR) : at]
                younger = [other for other in before if place.get(other, -1) > place[text]]
                if _any_before(self.heard, younger, text) or _any_before(self.archived, younger, text):
                    late.add(text)
        return late


def _any_before(comings: dict[str, int], others: list[str], text: str) -> bool:
    then = comings.get(text, _NEVER)
    return any(comings.get(other, _NEVER) < then for other in others)


def judge(sent: list[str], got: list[str], comings: Comings | None = None) -> dict[str, int]:
    """How many are lost, duplicated and reordered, by these names; and late, if it is known what came when.

    Texts are unlike. What was never sent counts as duplicated.
    """
    late = comings.late(sent, got) if comings else set()
    known = set(sent)
    first = [text for text in dict.fromkeys(got) if text in known]
    wrong = {
        "lost": len(known) - len(first),
        "duplicated": len(got) - len(first),
        "reordered": len(turned(*[[text for text in texts if text not in late] for texts in (sent, first)])),
    }
    return wrong | {"late": len(late)} if comings else wrong


def turned(sent: list[str], got: list[str]) -> list[str]:
    """Of what has been got, once each: what is not where it should be."""
    known, there = set(sent), set(got)
    in_order = [text for text in sent if text in there]
    return [
        text for text, wanted in zip([text for text in got if text in known], in_order, strict=True) if text != wanted
    ]
