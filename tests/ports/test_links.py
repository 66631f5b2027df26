"""The links that are no modem: a byte stream, TCP, and pyserial's ports."""

import os
import select
import socket
import subprocess
import termios

import pytest

from nocarrier.errors import UsageError
from nocarrier_ports.links.desktop_serial import RTS_CTS, XON_XOFF, DesktopSerialLink
from nocarrier_ports.links.link import NetError, NoCarrier
from nocarrier_ports.links.stream import StreamLink
from nocarrier_ports.links.tcp import TcpLink


class Uart:
    """Shaped as machine.UART with timeout=0: None means "nothing there" and "no room"."""

    def __init__(self):
        self.rx, self.tx, self.room = bytearray(), bytearray(), 4
        self.broken = False

    def readinto(self, buf):
        if self.broken:
            raise OSError(5)
        n = min(len(buf), len(self.rx))
        buf[:n] = self.rx[:n]
        del self.rx[:n]
        return n or None

    def write(self, data):
        if self.broken:
            raise OSError(5)
        n = min(self.room, len(data))
        self.tx += data[:n]
        self.room -= n
        return n or None


def test_a_uart_is_a_link():
    uart = Uart()
    link = StreamLink(uart)
    link.open(0)
    assert link.ready(0) and link.carrier() is None
    buf = bytearray(8)
    assert link.read_into(buf) == 0
    uart.rx += b"hello"
    assert link.read_into(buf) == 5 and buf[:5] == b"hello"
    assert link.write(b"abcdef") == 4 and link.write(b"ef") == 0 and uart.tx == b"abcd"
    uart.broken = True
    for call in (lambda: link.read_into(buf), lambda: link.write(b"x")):
        with pytest.raises(NoCarrier):
            call()
    link.close()
    link.close()


def test_modem_lines_of_a_board():
    dtr, dcd = [], [True]
    link = StreamLink(Uart(), dtr.append, lambda: dcd[0])
    link.open(0)
    assert link.carrier() is True and dtr == [True]
    dcd[0] = False
    link.close()
    assert link.carrier() is False and dtr == [True, False]


def opened(link, tries=200):
    link.open(0)
    for _ in range(tries):
        if link.ready(0):
            return
        _wait(0.01)
    raise AssertionError("not connected")


def _wait(seconds):
    """Sockets are the system's: there is no clock to inject."""
    import time

    time.sleep(seconds)


def read_some(link, buf):
    for _ in range(200):
        n = link.read_into(buf)
        if n:
            return bytes(buf[:n])
        _wait(0.01)
    raise AssertionError("nothing came")


def test_tcp_carries_bytes_both_ways_and_tells_the_end():
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = TcpLink("127.0.0.1", server.getsockname()[1])
        opened(link)
        peer, _ = server.accept()
        buf = bytearray(16)
        assert link.read_into(buf) == 0
        assert link.write(b"up") == 2 and peer.recv(16) == b"up"
        peer.sendall(b"down")
        assert read_some(link, buf) == b"down"
        peer.close()
        with pytest.raises(NoCarrier):
            read_some(link, buf)
        link.close()
        with pytest.raises(NoCarrier):
            link.write(b"x")


def test_tcp_goes_elsewhere_once():
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_server(("127.0.0.1", 0)) as there:
        link = TcpLink("127.0.0.1", here.getsockname()[1])
        assert link.redirect("127.0.0.1:%d" % there.getsockname()[1])
        opened(link)
        there.settimeout(5)
        there.accept()[0].close()
        opened(link)  # back to where it belongs
        here.settimeout(5)
        here.accept()[0].close()
        link.close()


def test_addresses_of_other_hosts():
    link = TcpLink("a.test", 5222)
    for address, where in (
        ("b.test", ("b.test", 5222)),
        ("b.test:5223", ("b.test", 5223)),
        ("[2001:db8::1]:5223", ("2001:db8::1", 5223)),
        ("[2001:db8::1]", ("2001:db8::1", 5222)),
        ("2001:db8::1", ("2001:db8::1", 5222)),
    ):
        assert link.redirect(address) and link._elsewhere == where, address
    for address in ("", ":5222", "b.test:0", "b.test:65536", "b.test:x", "b.test:-1", "[]:1"):
        link._elsewhere = None
        assert not link.redirect(address) and link._elsewhere is None, address
    assert not StreamLink(None).redirect("b.test")


def test_tcp_that_cannot_connect_is_a_typed_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NetError):
        opened(TcpLink("127.0.0.1", port))
    with pytest.raises(NetError):
        TcpLink("no-such-host.invalid", 5222).open(0)


TCP_ON_MICROPYTHON = """
import time
from nocarrier_ports.links.tcp import TcpLink
from nocarrier_ports.links.link import LinkError
def run(port):
    link = TcpLink("127.0.0.1", port)
    link.open(0)
    while not link.ready(0):
        time.sleep_ms(5)
    link.write(b"up")
    buf = bytearray(16)
    while True:
        n = link.read_into(buf)
        if n:
            print("got", bytes(buf[:n]))
        time.sleep_ms(5)
for port in (%d, %d):
    try:
        run(port)
    except LinkError as error:
        print(type(error).__name__)
"""


def test_tcp_on_micropython(tool):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = TCP_ON_MICROPYTHON % (server.getsockname()[1], refused)
        process = subprocess.Popen(
            [tool("MICROPYTHON32"), "-c", program], env={"MICROPYPATH": ".frozen"}, stdout=subprocess.PIPE, text=True
        )
        server.settimeout(20)
        peer, _ = server.accept()
        assert peer.recv(16) == b"up"
        peer.sendall(b"down")
        peer.close()
        out, _ = process.communicate(timeout=20)
    assert out.splitlines() == ["got b'down'", "NoCarrier", "NetError"]


def test_pyserial_urls():
    link = DesktopSerialLink("loop://")
    link.open(0)
    assert link.ready(0) and link.write(b"echo") == 4
    assert read_some(link, bytearray(16)) == b"echo"
    assert link.set_dtr(False) is False and link.carrier() is None  # it only pretends to have such lines
    link.close()
    with pytest.raises(NoCarrier):
        link.write(b"x")
    with pytest.raises(NetError):
        DesktopSerialLink("/dev/no-such-port").open(0)
    with pytest.raises(NetError):
        DesktopSerialLink("nonsense://").open(0)


def test_a_pty_has_no_modem_lines():
    master, slave = os.openpty()
    link = DesktopSerialLink(os.ttyname(slave))
    link.open(0)
    assert link.carrier() is None and link.set_dtr(True) is False
    os.write(master, b"AT")
    assert read_some(link, bytearray(16)) == b"AT"
    link.close()
    os.close(master)
    os.close(slave)


def until(done):
    """The kernel hands a pty's bytes over in its own time."""
    for _ in range(100_000):
        if done():
            return
        os.sched_yield()
    raise AssertionError("nothing has happened")


def test_flow_control_of_the_desktops_ports():
    master, slave = os.openpty()
    os.set_blocking(master, False)
    link = DesktopSerialLink(os.ttyname(slave), flow=XON_XOFF)
    link.open(0)
    os.write(master, b"\x13")  # XOFF: the other side has no room
    until(lambda: not select.select([], [slave], [], 0)[1])
    assert link.write(b"<message/>") == 0
    os.write(master, b"\x11")
    until(lambda: select.select([], [slave], [], 0)[1])
    assert link.write(b"<message/>") == 10 and os.read(master, 99) == b"<message/>"
    assert link.read_into(bytearray(9)) == 0  # neither was data
    link.close()
    link = DesktopSerialLink(os.ttyname(slave), flow=RTS_CTS)
    link.open(0)
    assert termios.tcgetattr(slave)[2] & termios.CRTSCTS
    link.close()
    with pytest.raises(UsageError):
        DesktopSerialLink("loop://", flow="dtrdsr")
    for end in (master, slave):
        os.close(end)
