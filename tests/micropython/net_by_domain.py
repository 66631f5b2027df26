"""net_by_domain.py DNS_PORT: on MicroPython, connects to the server that a domain names, and says so."""

import os
import sys
import time

from nocarrier_ports.links.domain import DomainLink
from nocarrier_ports.links.resolver import Resolver
from nocarrier_ports.links.tcp import TcpLink

resolver = Resolver(("127.0.0.1", int(sys.argv[1])), os.urandom, direct=False)
link = DomainLink("exchange.test", resolver, lambda target: TcpLink(target.host, target.port))
link.open(time.ticks_ms())
while not link.ready(time.ticks_ms()):
    time.sleep_ms(5)
print(link.status(), link.write(b"<x/>"))
