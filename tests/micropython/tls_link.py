"""tls_link.py PORT DOMAIN ROOTS MOST direct|starttls: on MicroPython, what comes of TLS with a server of test_tls.py.

At most MOST bytes pass at a time. Prints what happened as JSON.
"""

import json
import sys
import time

from nocarrier.errors import UsageError
from nocarrier_ports.links.device_tls import TlsLink
from nocarrier_ports.links.link import LinkError
from nocarrier_ports.links.tcp import TcpLink

SAID = bytes([n & 255 for n in range(9_000)])
HANDSHAKE_MS = 5_000


class Narrow:
    """TCP that takes and gives little at a time. (Not a subclass: nothing at run time can be one of what is in ROM.)"""

    def __init__(self, port, most):
        self._link = link = TcpLink("127.0.0.1", port)
        self.open, self.ready, self.poll, self.close = link.open, link.ready, link.poll, link.close
        self.carrier, self.status = link.carrier, link.status
        self.most = most

    def read_into(self, buf):
        return self._link.read_into(memoryview(buf)[: self.most])

    def write(self, data):
        return self._link.write(memoryview(data)[: self.most])


def wait(done):
    while not done():
        time.sleep_ms(1)


def say(link, data):
    while data:
        link.poll(time.ticks_ms())
        data = data[link.write(data) :]


def echoed(link):
    """What comes back of SAID."""
    heard, buf, at = bytearray(), bytearray(700), 0
    while len(heard) < len(SAID):
        link.poll(time.ticks_ms())
        at += link.write(memoryview(SAID)[at:])
        heard += memoryview(buf)[: link.read_into(buf)]
    return heard


def agreed(link):
    """As a server agrees to begin TLS."""
    say(link, b"go")
    buf = bytearray(1)
    for _ in b"ok":
        wait(lambda: link.read_into(buf))


def ended(link):
    buf = bytearray(10)
    while True:
        if link.read_into(buf):
            raise AssertionError("that is more than was said")


def main(port, domain, roots, most, how):
    result = {}
    try:
        link = TlsLink(domain, roots, None, HANDSHAKE_MS)
        for _ in range(2):  # a second connection has to go as well
            inner = Narrow(int(port), int(most))
            link.around(inner, how == "direct")
            link.open(time.ticks_ms())
            wait(lambda: link.ready(time.ticks_ms()))
            if how == "starttls":
                result["clear"] = link.tls() is None and link.starts_tls()
                agreed(link)
                link.start_tls(time.ticks_ms())
                wait(lambda: link.ready(time.ticks_ms()))
            result["status"], result["bindings"] = link.status(), {name: link.tls()[name].hex() for name in link.tls()}
            result["whole"] = echoed(link) == SAID
            link.close()
            result["closed"] = link.tls() is None
        inner.most = 1 << 14
        link.around(inner, how == "direct").open(time.ticks_ms())
        if how == "direct":
            wait(lambda: link.ready(time.ticks_ms()))
            say(link, b"end")
            ended(link)
    except LinkError as error:
        result["error"], result["retry_ms"], result["detail"] = error.text, error.retry_ms, error.detail
    except UsageError as error:
        result["refused"] = str(error)
    print(json.dumps(result))


main(*sys.argv[1:])
