"""Servers by SRV records: a foreign codec as the oracle, a name server with faults, and links that try one by one."""

import random
import select
import socket

import pytest
from dnslib import QTYPE, RR, DNSRecord

from nocarrier_emulator.nameserver import NameServer
from nocarrier_ports.links import dns
from nocarrier_ports.links import link as links
from nocarrier_ports.links.domain import DomainLink
from nocarrier_ports.links.resolver import Resolver
from nocarrier_ports.links.tcp import TcpLink

ZONE = """
_xmpps-client._tcp.exchange.test. 300 IN SRV 10 0 5223 tls.exchange.test.
_xmpp-client._tcp.exchange.test. 600 IN SRV 5 0 5222 a.exchange.test.
_xmpp-client._tcp.exchange.test. 600 IN SRV 20 0 5222 c.exchange.test.
_xmpp-client._tcp.refusing.test. 300 IN SRV 0 0 0 .
"""


def wait(resolver):
    """Until something has come, or a tenth of a second has passed."""
    if resolver._question._socket is not None:
        select.select([resolver._question._socket], [], [], 0.1)


def resolve(resolver, domain, now_ms=0, most=200):
    """What is found; every look is a tenth of a second later."""
    resolver.ask(domain, now_ms)
    for step in range(most):
        if resolver.resolved(now_ms + step * 100):
            return [(target.host, target.port, target.direct) for target in resolver.targets]
        wait(resolver)
    raise AssertionError("no end")


def resolver_of(server, **options):
    return Resolver(("127.0.0.1", server.port), random.Random(1).randbytes, **options)


def test_both_services_are_one_list_in_the_order_of_priorities():
    with NameServer(ZONE) as server:
        assert resolve(resolver_of(server), "exchange.test") == [
            ("a.exchange.test", 5222, False),
            ("tls.exchange.test", 5223, True),
            ("c.exchange.test", 5222, False),
        ]
        assert server.asked == ["_xmpps-client._tcp.exchange.test", "_xmpp-client._tcp.exchange.test"]
        assert ("tls.exchange.test", 5223, True) not in resolve(resolver_of(server, direct=False), "exchange.test")


def test_a_domain_without_records_is_its_own_server_and_one_that_refuses_has_none():
    with NameServer(ZONE) as server:
        assert resolve(resolver_of(server), "plain.test") == [("plain.test", 5222, False)]
        with pytest.raises(links.NetError, match="no such server"):
            resolve(resolver_of(server), "refusing.test")
        with pytest.raises(links.NetError, match="no such domain"):
            resolve(resolver_of(server), "a..b")


def test_what_was_found_is_kept_as_long_as_it_may_be():
    with NameServer(ZONE) as server:
        resolver = resolver_of(server)
        resolve(resolver, "exchange.test")
        resolve(resolver, "exchange.test", 299_000)
        assert len(server.asked) == 2
        resolve(resolver, "exchange.test", 301_000)
        assert len(server.asked) == 4
        resolver.forget("exchange.test")
        resolve(resolver, "exchange.test", 302_000)
        assert len(server.asked) == 6
        for number in range(9):
            resolve(resolver, "d%d.test" % number, 302_000)
        assert len(resolver._kept) <= 4


def test_questions_that_get_lost_are_asked_again_and_not_for_ever():
    with NameServer(ZONE) as server:
        server.drops = 2
        assert len(resolve(resolver_of(server, timeout_ms=200), "exchange.test")) == 3
        server.drops = 100
        with pytest.raises(links.NetError, match="no answer"):
            resolve(resolver_of(server, timeout_ms=200), "exchange.test")
        server.drops, server.code = 0, 2  # SERVFAIL
        with pytest.raises(links.NetError, match="no answer"):
            resolve(resolver_of(server, timeout_ms=200), "exchange.test")


@pytest.mark.parametrize("address", ["nosuch.invalid", "fe80::1", "ns.x..y", "[::1]"])
def test_a_name_server_that_cannot_be_had_is_a_failure_of_the_link(address):
    with pytest.raises(links.NetError):
        resolver = Resolver((address, 53), bytes, timeout_ms=10, tries=1)
        resolver.ask("exchange.test", 0)
        resolver.resolved(60_000)


def test_equals_are_drawn_by_their_weight():
    zone = "".join("_xmpp-client._tcp.w.test. 300 IN SRV 1 %d 5222 h%d.w.test.\n" % (w, w) for w in (10, 30, 60))
    first = {10: 0, 30: 0, 60: 0}
    rng = random.Random(5)
    with NameServer(zone) as server:
        for _ in range(300):
            resolver = Resolver(("127.0.0.1", server.port), rng.randbytes, direct=False)
            targets = resolve(resolver, "w.test")
            assert len(targets) == 3
            first[int(targets[0][0][1:3])] += 1
    assert first[10] < first[30] < first[60] and first[10] > 10


def test_an_answer_to_another_question_is_none():
    name = "_xmpp-client._tcp.exchange.test"
    request = DNSRecord.parse(dns.question(77, name))
    assert (str(request.q.qname), request.q.qtype, request.header.id, request.header.rd) == (
        name + ".",
        QTYPE.SRV,
        77,
        1,
    )
    reply = request.reply()
    reply.add_answer(*RR.fromZone(name + ". 300 IN SRV 5 1 5222 a.exchange.test."))
    good = reply.pack()
    code, records = dns.answer(good, 77, name.upper())
    assert code == 0 and [(r.priority, r.weight, r.port, r.target, r.ttl_s) for r in records] == [
        (5, 1, 5222, "a.exchange.test", 300)
    ]
    for number, asked in ((78, name), (77, "_xmpp-client._tcp.exchange.tes"), (77, "x" + name)):
        with pytest.raises(dns.DnsError):
            dns.answer(good, number, asked)
    with pytest.raises(dns.DnsError):
        dns.answer(dns.question(77, name), 77, name)  # a question
    with pytest.raises(dns.DnsError):
        dns.answer(good + bytes(600), 77, name)


def test_answers_that_are_damaged_never_do_more_than_fail():
    name = "_xmpp-client._tcp.exchange.test"
    reply = DNSRecord.parse(dns.question(77, name)).reply()
    for target in ("a.exchange.test.", "b.exchange.test."):
        reply.add_answer(*RR.fromZone(name + ". 300 IN SRV 5 1 5222 " + target))
    good = reply.pack()
    for end in range(len(good)):
        with pytest.raises(dns.DnsError):
            dns.answer(good[:end], 77, name)
    rng = random.Random(3)
    for seed in range(4_000):
        damaged = bytearray(good)
        for _ in range(rng.randrange(1, 5)):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 0xC0, 0xC1, 0xFF, rng.randrange(256)])
        try:
            code, records = dns.answer(bytes(damaged), 77, name)
            assert len(records) <= 16 and all(len(record.target) <= 255 for record in records), seed
        except dns.DnsError:
            pass


def test_names_that_point_at_themselves_come_to_an_end():
    name = "a.test"
    head = bytes((0, 77, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0)) + b"\x01a\x04test\0" + bytes((0, 33, 0, 1))
    at = len(head)
    for loop in (bytes((0xC0, at)), b"\x01x" + bytes((0xC0, at)), bytes((0xC0, at + 2, 0xC0, at))):
        with pytest.raises(dns.DnsError):
            dns.answer(head + loop + bytes(12), 77, name)


def test_a_forged_answer_among_others_is_passed_over():
    with NameServer(ZONE) as server:
        server.twist = lambda data: bytes([data[0] ^ 1]) + data[1:] if len(server.asked) < 3 else data
        assert len(resolve(resolver_of(server, timeout_ms=200), "exchange.test")) == 3


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


def connect(link, most=400):
    link.open(0)
    for step in range(most):
        if link.ready(step * 100):
            return True
        wait(link._resolver)
    return False


def test_servers_that_do_not_answer_are_passed_over_within_one_call(listening):
    _, port = listening
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed_port = gone.getsockname()[1]
    zone = (
        "_xmpp-client._tcp.x.test. 60 IN SRV 1 0 %d localhost.\n_xmpp-client._tcp.x.test. 60 IN SRV 2 0 %d localhost."
    )
    with NameServer(zone % (closed_port, port)) as server:
        made = []

        def make(target):
            made.append(target.port)
            return TcpLink("127.0.0.1", target.port)

        link = DomainLink("x.test", resolver_of(server, direct=False), make)
        assert connect(link) and made == [closed_port, port] and link.status() == "net"
        assert link.write(b"<x/>") == 4
        # The server sends us elsewhere: there, once, without the name server.
        asked = len(server.asked)
        assert link.redirect("127.0.0.1:%d" % port) and not link.redirect(":0") and not link.redirect("a:99999")
        assert connect(link) and made[-1] == port and len(server.asked) == asked
        link.close()
        assert link.status() == "looking up"
    with NameServer(zone % (closed_port, closed_port)) as server:
        link = DomainLink("x.test", resolver_of(server, direct=False), make)
        with pytest.raises(links.NetError):
            connect(link)
        with pytest.raises(links.NetError):
            connect(link)
        assert len(server.asked) == 2  # asked anew, since what was known did not help
