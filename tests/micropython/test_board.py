"""The parser on a Cortex-M3, in QEMU: which feeds allocate, and that nothing is left behind."""

import hashlib
import hmac
from base64 import b64encode

import board
import pytest


@pytest.fixture(scope="module")
def device(tool):
    tool("QEMU_ARM")
    tool("MPY_CROSS")
    with board.boot(65536) as device:
        yield device


@pytest.mark.parametrize("words", (0, 24))
@pytest.mark.parametrize("stanza_bytes", (300, 1024))  # with the smaller one many stanzas are skipped
@pytest.mark.parametrize("chunk", (1, 7, 64, 256))
def test_a_feed_that_completes_nothing_allocates_nothing(device, words, stanza_bytes, chunk):
    """All that a real server has said after the login; each such feed runs with the heap locked."""
    device.run("p = drive.new(%d, 256, %d)" % (stanza_bytes, words))
    if words:
        device.run("for _ in range(3): drive.instructions(p, traffic.MESSAGES, 256, usecs)")
    size = 4000 if chunk < 64 else 25000
    program = "print(drive.locked(p, traffic.ALL, %d, %d))" % (size, chunk)
    with_event, without = eval(device.run(program))
    assert with_event > 5 and without > 2


def test_memory_does_not_grow_and_a_stanza_costs_little(device):
    device.run("p = drive.new(1024, 256, 24)")
    for _ in range(3):
        device.run("drive.instructions(p, traffic.MESSAGES, 256, usecs)")
    after_some, after_many = eval(device.run("print(drive.live(p, traffic.ONE, 100))"))
    assert after_many == after_some
    assert int(device.run("print(drive.churn(p, traffic.ONE, 64))")) <= 3072


@pytest.mark.parametrize("kilobytes, words", [(13, 0), (17, 22)])
def test_small_heaps(kilobytes, words, tool):
    """What is recorded is parsed and read; one kilobyte more than the benchmark needs, which must not run short."""
    tool("QEMU_ARM")
    with board.boot(kilobytes * 1024, "fits") as device:
        said = eval(device.run("print(fits.fits(640, 256, %d, 4, usecs))" % words))
    assert said[:2] == (4 * len(board.messages()[1]), words)


def scram(iterations):
    """(challenge, success) of a server that knows the password, for the nonce of tests/board_frozen/login.py."""
    nonce, salt = "fyko+d2lbbFgONRv9qkxdawL", b"0123456789abcdef"
    bare, server_first = "n=user,r=" + nonce, "r=%sxyz,s=%s,i=%d" % (nonce, b64encode(salt).decode(), iterations)
    auth = ",".join((bare, server_first, "c=biws,r=%sxyz" % nonce)).encode()
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, iterations)
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return b64encode(server_first.encode()), b64encode(b"v=" + b64encode(hmac.digest(server_key, auth, "sha256")))


def test_a_session_logs_in_with_scram_in_32_kilobytes(tool):
    """Ten thousand iterations, in slices of at most 50 ms of a part of 48 MHz (2.25 cycles an instruction)."""
    tool("QEMU_ARM")
    with board.boot(32 * 1024, "login") as device:
        device.run("challenge, success = %r, %r" % scram(10_000))
        online, longest, free = eval(device.run("print(login.log_in(challenge, success, usecs))"))
    print("longest slice %d000 instructions, %d bytes left" % (longest, free))
    assert online and longest * 1000 * 2.25 / 48_000 <= 50
