"""What the line itself costs: a TLS handshake alone, and the shortest resumption that one write can ask for."""

import asyncio
import re
import ssl
from base64 import b64encode

from nocarrier_emulator.slowproxy import Figures, SlowProxy

QUIET_S = 1.5  # after which nothing follows any more: two latencies, and what a server may think
_HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='%s'>"
_AUTHENTICATE = (
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>%s</initial-response>"
    "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/>%s"
    "<bind xmlns='urn:xmpp:bind:0'><tag>raw</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind></authenticate>"
)
_RESUME = "<resume xmlns='urn:xmpp:sm:3' h='0' previd='%s'/>"


async def handshake(proxy: SlowProxy, domain: str) -> Figures:
    """TLS, until the client has said its last word of the handshake. The server's tickets come later."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    proxy.reset()
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context, server_hostname=domain)
    await asyncio.sleep(proxy.latency_ms / 1000)  # until the proxy has read it
    figures = proxy.figures()
    writer.transport.abort()
    return figures


async def resumption(proxy: SlowProxy, user: str, password: str, domain: str) -> Figures:
    """A resumption in clear and in a single write, at a server with SASL2, with all that it brings."""
    secret = b64encode(b"\0%s\0%s" % (user.encode(), password.encode())).decode()
    answer = await _asked(proxy, _HEADER % domain + _AUTHENTICATE % (secret, ""), rb"<enabled [^>]*>")
    found = re.search(rb"\sid=['\"]([^'\"]*)", answer)
    assert found is not None, answer
    await proxy.quiet(QUIET_S)
    proxy.cut()
    await asyncio.sleep(QUIET_S)
    proxy.reset()
    resume = _RESUME % found.group(1).decode()
    await _asked(proxy, _HEADER % domain + _AUTHENTICATE % (secret, resume), rb"<resumed [^>]*>")
    await proxy.quiet(QUIET_S)
    return proxy.figures()


async def _asked(proxy: SlowProxy, words: str, wanted: bytes) -> bytes:
    """Says it at once; returns the words that were wanted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(words.encode())
    heard = b""
    while not (found := re.search(wanted, heard)):
        portion = await asyncio.wait_for(reader.read(4096), 60)
        assert portion, heard
        heard += portion
    return found.group()
