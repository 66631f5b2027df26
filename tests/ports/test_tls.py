"""TLS between two buffers: whatever the link underneath takes and gives at a time, and how it fails."""

import random
import ssl

import pytest
import trustme

from nocarrier_ports.links.certificate import Untrusted, end_point
from nocarrier_ports.links.desktop_tls import TlsLink
from nocarrier_ports.links.link import Link, NetError, NoCarrier, Timeout

DOMAIN = "tls.test"


class Wire(Link):
    """A link in memory that takes and gives at most `most` bytes at a time."""

    def __init__(self, most=1 << 20):
        self.most = most
        self.up, self.down = bytearray(), bytearray()
        self.has_carrier = True
        self.opened = 0

    def open(self, now_ms):
        self.opened += 1
        self.up.clear()
        self.down.clear()

    def ready(self, now_ms):
        return True

    def read_into(self, buf):
        size = min(len(buf), self.most, len(self.down))
        buf[:size] = self.down[:size]
        del self.down[:size]
        return size

    def write(self, data):
        size = min(len(data), self.most)
        self.up += memoryview(data)[:size]
        return size

    def carrier(self):
        return self.has_carrier

    def close(self):
        pass

    def status(self):
        return "wire"


class Peer:
    """The server's end of TLS."""

    def __init__(self, wire, authority, domain=DOMAIN):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate = authority.issue_cert(domain)
        self.certificate.configure_cert(context)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._wire = wire
        self.tls = context.wrap_bio(self._in, self._out, server_side=True)
        self.heard = bytearray()
        self.ready = False

    def step(self):
        self._in.write(bytes(self._wire.up))
        self._wire.up.clear()
        try:
            self.tls.do_handshake()
            self.ready = True
            while data := self.tls.read(4096):
                self.heard += data
        except ssl.SSLWantReadError:
            pass
        self._wire.down += self._out.read()

    def say(self, data):
        self.tls.write(data)
        self._wire.down += self._out.read()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def context(authority):
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


def shaken(authority, most=1 << 20):
    wire = Wire(most)
    link, peer = TlsLink(wire, DOMAIN, False, context(authority)), Peer(wire, authority)
    link.open(0)
    for _ in range(100_000):
        ready = link.ready(0)
        link.poll(0)
        peer.step()
        if ready and peer.ready:
            return wire, link, peer
    raise AssertionError("no handshake")


def test_what_is_said_arrives_whole_however_little_the_line_takes(authority):
    rng = random.Random(4)
    for most in (1, 7, 100, 1 << 20):
        wire, link, peer = shaken(authority, most)
        said, heard, buf = rng.randbytes(20_000), bytearray(), bytearray(300)
        peer.say(said)
        at = 0
        for _ in range(100_000):
            at += link.write(memoryview(said)[at : at + 1000])
            link.poll(0)
            peer.step()
            heard += buf[: link.read_into(buf)]
            if len(heard) == len(peer.heard) == len(said):
                break
        assert heard == said and peer.heard == said, most
        assert link.status() == "wire TLS" and link.tls() is not None


def test_only_a_certificate_of_the_domain_and_of_a_known_root_will_do(authority):
    for ca, domain in ((trustme.CA(), DOMAIN), (authority, "other.test")):
        wire = Wire()
        link, peer = TlsLink(wire, DOMAIN, False, context(authority)), Peer(wire, ca, domain)
        link.open(0)
        with pytest.raises(Untrusted):
            for _ in range(100):
                link.ready(0)
                peer.step()
        assert link.tls() is None


def test_tls_that_is_not_verified_protects_nothing(authority):
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    wire = Wire()
    link, peer = TlsLink(wire, DOMAIN, False, made), Peer(wire, authority)
    link.open(0)
    while not link.ready(0):
        peer.step()
    assert link.tls() is None and link.status() == "wire"


def test_a_handshake_that_goes_nowhere_ends():
    link = TlsLink(Wire(), DOMAIN, silence_ms=5_000)
    link.open(0)
    assert not link.ready(0x3FFFFF00) and not link.ready((0x3FFFFF00 + 4_999) & 0x3FFFFFFF)
    with pytest.raises(Timeout):
        link.ready((0x3FFFFF00 + 5_000) & 0x3FFFFFFF)
    wire = Wire()
    link = TlsLink(wire, DOMAIN)
    link.open(0)
    assert not link.ready(0)
    wire.has_carrier = False
    with pytest.raises(NoCarrier):
        link.ready(1)


def test_nonsense_instead_of_a_handshake_is_an_error():
    wire = Wire()
    link = TlsLink(wire, DOMAIN)
    link.open(0)
    link.ready(0)
    wire.down += b"<?xml version='1.0'?><stream:stream>"
    with pytest.raises(NetError):
        link.ready(0)
    with pytest.raises(NetError):
        link = TlsLink(wire, "a" * 64 + ".test")
        link.open(0)
        link.ready(0)


def test_nothing_of_an_old_connection_is_written_on_the_next(authority):
    wire, link, peer = shaken(authority)
    wire.most = 3
    link.write(b"x" * 2000)
    link.close()
    wire.most = 1 << 20
    link = TlsLink(wire, DOMAIN, True, context(authority))
    link.open(0)
    assert link.ready(0) and link.starts_tls()
    link.poll(0)
    link.write(b"<stream>")
    assert wire.up == b"<stream>" and link.tls() is None
    link.start_tls(0)
    link.close()
    link.open(0)
    link.poll(0)
    assert wire.up == b""


def test_who_sleeps_is_woken_for_what_is_deciphered_already(authority):
    wire, link, peer = shaken(authority)
    peer.say(b"y" * 5000)
    buf = bytearray(100)
    link.poll(1234)
    assert link.read_into(buf) == 100 and not wire.down and link.deadline_ms() == 1234
    while link.read_into(buf):
        pass
    assert link.deadline_ms() is None


def test_the_end_of_tls_is_the_end_of_the_line(authority):
    wire, link, peer = shaken(authority)
    wire.down += b"\x17\x03\x03\x00\x05wrong"
    with pytest.raises(NoCarrier):
        link.read_into(bytearray(100))
    with pytest.raises(NoCarrier):
        for _ in range(3):
            link.write(b"more")
            link.read_into(bytearray(100))


def test_the_certificates_end_point(authority):
    """RFC 5929 §4.1, compared with what another implementation makes of the certificate."""
    import hashlib

    der = ssl.PEM_cert_to_DER_cert(authority.issue_cert(DOMAIN).cert_chain_pems[0].bytes().decode())
    assert end_point(der) == hashlib.sha256(der).digest()  # ecdsa-with-SHA256
    for size in range(0, len(der) - 300, 7):
        end_point(der[:size])  # cut short: nothing, or the hash of what there is, but no error
    assert end_point(b"") is None and end_point(b"\x30\x84\xff\xff\xff\xff") is None


def test_part_of_a_record_is_a_sign_of_life(authority):
    """At 2400 bit/s a record takes longer to cross than a line is given to answer."""
    wire, link, peer = shaken(authority)
    link.stirred()
    peer.say(b"z" * 3000)
    record, wire.down = bytes(wire.down), bytearray()
    buf = bytearray(4000)
    for at in range(0, len(record) - 1000, 500):
        assert not link.stirred()
        wire.down += record[at : at + 500]
        assert link.read_into(buf) == 0 and link.stirred()
