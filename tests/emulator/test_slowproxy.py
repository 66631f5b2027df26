"""A slow line as a proxy: its time, its counts and its end, with the event loop's clock."""

import asyncio

import pytest

from nocarrier_emulator.slowproxy import SlowProxy

LATE_S = 0.15  # the machine may be busy


class Server:
    """Answers each line with as many bytes as it says; b"" ends its connection. faults: how connections have ended."""

    def __init__(self):
        self.got = b""
        self.faults = []

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                self.got += line
                writer.write(b"x" * int(line))
        except ConnectionError as error:
            self.faults.append(error)
        writer.close()


def proxied(play, rate_bps=9600, latency_ms=100):
    """Runs play(proxy, server, reader, writer) with a client's connection through a proxy."""

    async def main():
        server = Server()
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        proxy = SlowProxy(listener.sockets[0].getsockname()[1], rate_bps, latency_ms)
        await proxy.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await play(proxy, server, reader, writer)
        writer.close()
        proxy.close()
        listener.close()

    asyncio.run(asyncio.wait_for(main(), 20))


def now_s():
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("rate_bps, latency_ms, size", [(9600, 100, 500), (19_200, 0, 2000), (1_000_000, 300, 100_000)])
def test_a_transfer_takes_the_lines_time(rate_bps, latency_ms, size):
    async def play(proxy, server, reader, writer):
        question = b"%d\n" % size
        began_s = now_s()
        writer.write(question)
        await reader.readexactly(1)
        first_s = now_s() - began_s
        await reader.readexactly(size - 1)
        took_s = now_s() - began_s
        line_s = (len(question) + size) * 10 / rate_bps + 2 * latency_ms / 1000
        assert line_s <= took_s < line_s + LATE_S
        # A packet comes when its last byte has crossed.
        assert first_s >= (len(question) + min(size, 512)) * 10 / rate_bps + 2 * latency_ms / 1000
        figures = proxy.figures()
        assert (figures.bytes_up, figures.bytes_down, figures.round_trips) == (len(question), size, 1)
        assert took_s <= figures.seconds and abs(proxy.first_byte_s - began_s) < LATE_S

    proxied(play, rate_bps, latency_ms)


def test_both_directions_are_independent():
    async def play(proxy, server, reader, writer):
        began_s = now_s()
        writer.write(b"480\n" + b"0" * 1500 + b"\n")  # 1.6 s, of which the answer awaits the first packet
        await reader.readexactly(480)
        assert 1 <= now_s() - began_s < 1.1 + LATE_S

    proxied(play, 9600, 0)


def test_a_turn_is_what_follows_upon_an_answer():
    async def play(proxy, server, reader, writer):
        writer.write(b"10\n")
        await asyncio.sleep(0)
        writer.write(b"10\n")
        await proxy.quiet(0.3)
        assert (proxy.bytes_up, proxy.bytes_down, proxy.round_trips) == (6, 20, 1)
        await reader.readexactly(20)
        writer.write(b"400\n")
        await proxy.quiet(0.3)
        assert (proxy.bytes_up, proxy.bytes_down, proxy.round_trips) == (10, 420, 2)
        proxy.reset()
        assert (proxy.bytes_up, proxy.bytes_down, proxy.round_trips) == (0, 0, 0)

    proxied(play)


def test_what_is_said_meanwhile_is_a_turn_only_when_it_is_answered():
    async def play(proxy, server, reader, writer):
        writer.write(b"1500\n")
        await reader.read(512)
        writer.write(b"5\n")  # an acknowledgement, say; two packets are under way
        await reader.readexactly(1500 - 512)
        assert proxy.round_trips == 1
        await reader.readexactly(5)
        assert proxy.round_trips == 2

    proxied(play, 9600, 200)


def test_a_cut_is_seen_by_both_ends_and_loses_what_is_under_way():
    async def play(proxy, server, reader, writer):
        writer.write(b"1500\n")
        await reader.read(512)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            while await reader.read(512):
                pass
        await asyncio.sleep(0.05)
        assert [type(error) for error in server.faults] == [ConnectionResetError]
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)  # it goes on for others
        proxy.reset()
        writer.write(b"7\n")
        assert await reader.readexactly(7) == b"x" * 7
        assert (proxy.bytes_down, proxy.round_trips) == (7, 1)
        writer.close()

    proxied(play)


def test_an_end_in_order_comes_behind_the_last_words():
    async def play(proxy, server, reader, writer):
        writer.write(b"300\n")
        writer.write_eof()
        assert await reader.read() == b"x" * 300
        assert server.got == b"300\n" and not server.faults

    proxied(play)
