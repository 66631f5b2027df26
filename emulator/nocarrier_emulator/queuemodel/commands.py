"""What can happen to a queue: each command tells the model what it is going to do, does it, and compares the answer."""

import random
from collections.abc import Callable

from nocarrier.errors import UsageError
from nocarrier.modular import count_diff
from nocarrier.queue import records, states
from nocarrier_emulator.queuemodel.compared import JIDS, ComparedQueue
from nocarrier_emulator.queuemodel.model import Change, Difference

Command = Callable[[ComparedQueue, random.Random], None]


def enqueue(queue: ComparedQueue, rng: random.Random) -> None:
    queue.count += 1
    to, body, bulk = rng.choice(JIDS), "body %d %s" % (queue.count, "x" * rng.randrange(60)), rng.random() < 0.3
    before = queue.store._numbers.peek()  # a number is used up by a failure too
    queue.model.write((("out", before), (to, body, bulk, states.QUEUED, 0, False, False, queue.count)))
    try:
        message = queue.store.enqueue(to, body, "t%d" % queue.count, bulk)
    except UsageError:
        queue.model.take_back()
        raise
    queue.same(message.seq, before)
    queue.promised()


def send(queue: ComparedQueue, rng: random.Random) -> None:
    message = queue.store.outbox.next_queued()
    queue.same(message.seq if message else 0, queue.model.next())
    if message:
        row = queue.model.state["out", message.seq]
        queue.same((message.to, message.body, message.bulk), row[:3])
        queue.count += 1
        queue.model.write((("out", message.seq), (*row[:3], states.SENT, queue.count, False, *row[6:])))
        queue.store.outbox.mark_sent(message.seq, queue.count, queue.store.cursor)
        queue.promised()


def acknowledge(queue: ComparedQueue, rng: random.Random) -> None:
    sent = queue.model.sent(False)
    if sent:
        h = queue.model.state["out", rng.choice(sent)][4]
        done = [seq for seq in sent if count_diff(h, queue.model.state["out", seq][4]) >= 0]
        for seq in done:
            queue.model.write(queue.model.moved(seq, states.ON_SERVER))
        queue.same(queue.store.outbox.acknowledged(h), done)


def resend(queue: ComparedQueue, rng: random.Random) -> None:
    sent = queue.model.sent(False)
    for seq in sent:
        queue.model.write(queue.model.moved(seq, states.QUEUED))
    queue.same(queue.store.outbox.resend(), sent)
    queue.promised()


def new_session(queue: ComparedQueue, rng: random.Random) -> None:
    queue.count += 1
    sm_id = rng.choice(("", "sm%d" % queue.count))
    if sm_id or queue.store.sm_id or queue.model.sent(False):
        queue.model.write(("sm", sm_id), ("h", 0), *queue.model.in_doubt())
    queue.store.save_session(sm_id, 0, "a@x/r")
    if sm_id:
        queue.promised()


def settle(queue: ComparedQueue, rng: random.Random) -> None:
    doubts = queue.model.sent(True)
    if doubts and rng.random() < 0.5:
        seq = doubts[0]
        queue.model.write(queue.model.moved(seq, states.ON_SERVER))
        queue.same(queue.store.outbox.found_on_server(queue.id_of(seq)), seq)
        doubts = doubts[1:]
    twice, state = rng.random() < 0.5, rng.choice((states.QUEUED, states.FAILED))
    for seq in doubts:
        queue.model.write(queue.model.moved(seq, state, twice))
    queue.same(queue.store.outbox.settle(state, twice), doubts)
    queue.promised()


def report(queue: ComparedQueue, rng: random.Random) -> None:
    """A receipt, a marker, an error, or nonsense."""
    seqs = queue.model.of("out")[-12:]
    if not seqs:
        return
    seq, state = rng.choice(seqs), rng.choice((states.DELIVERED, states.READ, states.FAILED))
    to, before = queue.model.state["out", seq][0], queue.model.state["out", seq][3]
    queue.same(queue.store.outbox.reported(queue.id_of(seq), "eve@x", state), 0)
    if states.may_follow(before, state):
        queue.model.write(queue.model.moved(seq, state))
        told = queue.store.outbox.reported(queue.id_of(seq), to, state, "why")
        if told != seq:
            queue.model.take_back()
            queue.same((told, before == states.SENT), (0, False))


def forget(queue: ComparedQueue, rng: random.Random) -> None:
    """The server has forgotten what it had acknowledged, and what not."""
    jid, state = rng.choice(JIDS), queue.model.state
    # Which are followed is the queue's affair; that no other is queued again is not.
    followed = [seq for seq, _, now, _ in queue.store.outbox._followed if now == states.ON_SERVER]
    queue.same([seq for seq in followed if seq not in queue.model.out(states.ON_SERVER)], [])
    seqs = [seq for seq in queue.model.out(states.SENT) + followed if state["out", seq][0] == jid]
    for seq in seqs:
        queue.model.write(queue.model.moved(seq, states.QUEUED))
    again = queue.store.outbox.unconfirmed(lambda to: to == jid)
    while seqs and seqs[-1] not in again and seqs[-1] in followed:  # there was no room for these
        queue.model.take_back()
        seqs.pop()
    queue.same(again, sorted(seqs))
    if again:
        queue.promised()


def owe_again(queue: ComparedQueue, rng: random.Random) -> None:
    """A message comes once more, and asks for a receipt."""
    inside = queue.model.of("in")
    if not inside:
        return
    seq = rng.choice(inside[-6:])
    queue.count += 1
    message = queue.message(queue.model.state["in", seq][0], records.RECEIPT_OWED)
    message.message_id = "again %d" % seq
    if message.message_id not in queue.model.table("owed").values():
        for old in queue.model.of("owed")[: -queue.limits.receipts + 1]:
            queue.model.write((("owed", old), None))
        queue.model.write((("owed", queue.store._numbers.peek()), message.message_id))
    queue.store.inbox.owe_again(message, message.keys[:0])


def cancel(queue: ComparedQueue, rng: random.Random) -> None:
    def cancelled(seq: int) -> None:
        queue.store.cancel(seq)
        queue.store.make_sure()

    _turn(queue, rng, queue.model.out(states.QUEUED), states.FAILED, cancelled)


def again(queue: ComparedQueue, rng: random.Random) -> None:
    _turn(queue, rng, queue.model.out(states.FAILED)[-6:], states.QUEUED, queue.store.send_again)


def _turn(queue: ComparedQueue, rng: random.Random, seqs: list[int], state: int, act: Callable[[int], None]) -> None:
    """What a user does with one of these messages, which may be refused."""
    if seqs:
        seq = rng.choice(seqs)
        queue.model.write(queue.model.moved(seq, state))
        try:
            act(seq)
        except UsageError:
            queue.model.take_back()
            raise
        queue.promised()


def give_up_next(queue: ComparedQueue, rng: random.Random) -> None:
    seq = queue.model.next()
    if seq:
        queue.store.outbox.next_queued()
        queue.model.write(queue.model.moved(seq, states.FAILED))
        queue.store.outbox.cannot_send(seq, "expired")


def receive(queue: ComparedQueue, rng: random.Random) -> None:
    queue.count += 1
    sender, owed = rng.choice(JIDS), rng.random() < 0.5
    flags = (records.RECEIPT_OWED if owed else 0) | (records.MOVES_CURSOR if rng.random() < 0.5 else 0)
    message = queue.message(sender, flags)
    seq = queue.store._numbers.peek()
    if queue.store.inbox.window.seen(message.keys, message.utc_s):
        raise Difference("%r was never here" % message.message_id)
    changes: list[Change] = [(("in", seq), (sender, message.body, message.keys)), ("h", message.h)]
    if owed:
        changes.append((("owed", seq), message.message_id))
        for old in queue.model.of("owed")[: -queue.limits.receipts + 1]:
            queue.model.write((("owed", old), None))
    if flags & records.MOVES_CURSOR:
        changes.append(("cursor", message.archive_id))
    queue.model.write(*changes)
    queue.store.received(message)
    queue.same(message.seq, seq)
    queue.promised()


def put_aside(queue: ComparedQueue, rng: random.Random) -> None:
    queue.count += 1
    message = queue.message(rng.choice(JIDS), 0)
    full = len(queue.model.of("aside")) >= queue.limits.aside
    if not full:
        queue.model.write((("aside", queue.count), (message.body, message.keys)), ("h", message.h))
    queue.same(queue.store.put_aside(message), not full)
    if not full:
        queue.promised()


def take_aside(queue: ComparedQueue, rng: random.Random) -> None:
    message = queue.store.inbox.next_aside()
    aside = queue.model.of("aside")
    queue.same(message.body if message else "", queue.model.state["aside", aside[0]][0] if aside else "")
    if message:
        message.h = queue.store.h
        row = (message.sender[: message.sender.find("/")], message.body, message.keys)
        queue.model.write((("aside", aside[0]), None), (("in", queue.store._numbers.peek()), row))
        queue.store.received(message)
        queue.promised()


def receipt(queue: ComparedQueue, rng: random.Random) -> None:
    owed = queue.model.of("owed")
    if owed:
        queue.model.write((("owed", owed[0]), None))
        queue.store.inbox.receipt_done(owed[0])


def save(queue: ComparedQueue, rng: random.Random) -> None:
    """The small things."""
    queue.count += 1
    text = "%d" % queue.count
    what = rng.randrange(5)
    if what == 0:
        queue.model.write(("h", queue.count))
        queue.store.save_handled(queue.count)
    elif what == 1:
        queue.model.write(("cursor", text))
        queue.store.save_cursor(text)
    elif what == 2:
        name = rng.choice(("key", "token"))
        if rng.random() < 0.5 and ("note", name) in queue.model.state:
            text = ""
        queue.model.write((("note", name), text or None))
        queue.store.save_note(name, text)
    elif what == 3:
        queue.model.write(("floor", text))
        queue.store.save_floor(text)
    else:
        save_contact(queue, rng, text)
    queue.promised()


def save_contact(queue: ComparedQueue, rng: random.Random, version: str) -> None:
    jid, kind = rng.choice(JIDS), rng.choice(("both", "to", "remove"))
    there = queue.model.of("contact")
    full = len(there) >= queue.limits.segment_bytes * queue.limits.segments // 400
    if jid not in there and kind != "remove" and full:
        queue.same(queue.store.save_contact(version, jid, kind, "name"), False)
    else:
        queue.model.write((("contact", jid), kind if kind != "remove" else None), ("version", version))
        queue.same(queue.store.save_contact(version, jid, kind, "name"), True)


def see(queue: ComparedQueue, rng: random.Random) -> None:
    jid = rng.choice(JIDS)
    if queue.store.talks.unseen(jid):
        queue.model.write((("seen", jid), queue.store._numbers.peek() - 1))
        queue.store.mark_seen(jid)


def power_off(queue: ComparedQueue, rng: random.Random) -> None:
    queue.recover(True)


# How often, and what.
TABLE: tuple[tuple[int, Command], ...] = (
    (10, enqueue), (10, send), (6, acknowledge), (1, resend), (1, new_session),
    (2, settle), (5, report), (2, cancel), (2, again), (1, give_up_next), (8, receive),
    (2, put_aside), (2, take_aside), (4, receipt), (4, save), (2, see), (1, power_off),
    (1, forget), (1, owe_again),
)  # fmt: skip
