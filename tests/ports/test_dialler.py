"""The dialler against a scripted modem: every result code at every split; what belongs to the call, and what not."""

import pytest

from nocarrier_emulator.scriptedport import ScriptedPort
from nocarrier_ports.links import link as links
from nocarrier_ports.links.dialler import Dialler, DialProfile

PROFILE = DialProfile(init=("E0V1", "S0=0"), guard_ms=1000, answer_ms=3000, connect_ms=60_000)


def dialling(port):
    """A dialler that has sent its dial command."""
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    assert port.heard() == b"ATE0V1\r"
    port.says(b"\r\nOK\r\n")
    assert not dialler.ready(10)
    assert port.heard() == b"ATS0=0\r"
    port.says(b"\r\nOK\r\n")
    assert not dialler.ready(20)
    assert port.heard() == b"ATDT555\r"
    return dialler


def read(dialler, size=256):
    """All that the dialler has as data now."""
    out, buf = b"", bytearray(size)
    while n := dialler.read_into(buf):
        out += buf[:n]
    return out


CONNECTS = (
    (b"\r\nCONNECT\r\n", "CONNECT"),
    (b"\r\nCONNECT 2400\r\n", "CONNECT 2400"),
    (b"\r\nCONNECT 9600/ARQ/V42BIS\r\n", "CONNECT 9600/ARQ/V42BIS"),
    (b"\r\nRINGING\r\n\r\nCONNECT 28800 EC\r\n", "CONNECT 28800 EC"),
    (b"ATDT555\r\r\nCONNECT 1200\r\n", "CONNECT 1200"),
    (b"\r\nRING\r\n+CREG: 1\r\n\r\nCONNECT 1200\r\n", "CONNECT 1200"),
)


@pytest.mark.parametrize("words, text", CONNECTS)
def test_the_connect_line_is_consumed_to_its_end_and_the_next_byte_is_data(words, text):
    data = b"\r\n<stream>\r\n"
    for cut in range(len(words) + len(data)):
        port = ScriptedPort()
        dialler = dialling(port)
        port.says((words + data)[:cut])
        up = dialler.ready(30)
        assert up == (cut >= len(words))
        got = read(dialler) if up else b""
        port.says((words + data)[cut:])
        assert dialler.ready(40)
        got += read(dialler)
        dialler.poll(9_000)
        assert got + read(dialler) == data and dialler.connect_text == text, cut


def test_data_in_any_pieces_after_connect():
    data = bytes(range(256)) * 3
    for pieces in (1, 2, 7, 64):
        port = ScriptedPort(pieces=pieces)
        dialler = dialling(port)
        port.says(b"\r\nCONNECT 2400\r\n" + data)
        assert dialler.ready(30)
        assert read(dialler, 50) == data, pieces


FAILURES = (
    (b"BUSY", links.Busy, "number is busy", 15_000),
    (b"NO ANSWER", links.NoAnswer, "no answer", 30_000),
    (b"NO DIALTONE", links.NoDialtone, "no dial tone", 30_000),
    (b"NO DIAL TONE", links.NoDialtone, "no dial tone", 30_000),
    (b"NO CARRIER", links.NoCarrier, "no carrier", 2_000),
    (b"ERROR", links.NoCarrier, "no carrier", 2_000),
    (b"BLACKLISTED", links.Blacklisted, "modem refuses the number", None),
    (b"DELAYED", links.Blacklisted, "modem refuses the number", None),
)


@pytest.mark.parametrize("word, error, text, retry_ms", FAILURES, ids=lambda value: str(value))
def test_every_failure_is_a_typed_error_with_advice_at_every_split(word, error, text, retry_ms):
    answer = b"\r\n" + word + b"\r\n"
    for cut in range(len(answer)):
        port = ScriptedPort()
        dialler = dialling(port)
        port.says(answer[:cut])
        assert not dialler.ready(30)
        port.says(answer[cut:])
        with pytest.raises(error) as caught:
            dialler.ready(40)
        assert (caught.value.text, caught.value.retry_ms) == (text, retry_ms)
        assert str(caught.value) == "%s (%s)" % (text, word.decode())


@pytest.mark.parametrize(
    "digit, text",
    [(b"3", "no carrier"), (b"4", "no carrier"), (b"6", "no dial tone"), (b"7", "number is busy"), (b"8", "no answer")],
)
def test_digits_are_understood_where_a_modem_cannot_be_talked_out_of_them(digit, text):
    port = ScriptedPort()
    dialler = dialling(port)
    port.says(digit + b"\r")
    with pytest.raises(links.LinkError) as caught:
        dialler.ready(30)
    assert caught.value.text == text


def test_a_digit_connects_too():
    port = ScriptedPort()
    dialler = dialling(port)
    port.says(b"1\r<x>")
    assert dialler.ready(30) and read(dialler) == b"<x>"


def test_an_init_string_that_the_modem_refuses_is_borne():
    port = ScriptedPort()
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    port.heard()
    port.says(b"ATE0V1\r\r\nERROR\r\n")
    assert not dialler.ready(10) and port.heard() == b"ATS0=0\r"


def test_a_modem_that_answers_nothing_is_called_back_once_and_then_given_up():
    # With a DTR line: drop it, raise it, begin anew.
    port = ScriptedPort()
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    assert not dialler.ready(3_000) and port.dtr[-1] is False
    port.heard()
    assert not dialler.ready(3_300) and port.dtr[-1] is True and port.heard() == b"ATE0V1\r"
    with pytest.raises(links.Timeout):
        dialler.ready(6_300)
    # Without: guard time, +++, guard time, ATH.
    port = ScriptedPort(has_lines=False)
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    port.heard()
    assert not dialler.ready(3_000) and port.heard() == b""
    assert not dialler.ready(4_000) and port.heard() == b"+++"
    assert not dialler.ready(6_000) and port.heard() == b"ATH\r"
    assert not dialler.ready(9_000) and port.heard() == b"ATE0V1\r"
    with pytest.raises(links.Timeout):
        dialler.ready(12_000)


def test_a_call_that_nobody_answers_ends_in_time():
    port = ScriptedPort()
    dialler = dialling(port)
    assert not dialler.ready(60_019) and dialler.deadline_ms() == 60_020
    with pytest.raises(links.NoAnswer):
        dialler.ready(60_020)
    assert port.heard() == b"\r"  # the modem is told to give up too


def connected(port):
    dialler = dialling(port)
    port.says(b"\r\nCONNECT 2400\r\n")
    assert dialler.ready(30)
    return dialler


def test_hanging_up_by_dtr():
    port = ScriptedPort()
    dialler = connected(port)
    assert dialler.closing(100) and port.dtr[-1] is False
    assert not dialler.closing(400) and port.dtr[-1] is True


def test_hanging_up_by_the_escape_sequence():
    port = ScriptedPort(has_lines=False)
    dialler = connected(port)
    assert dialler.closing(100) and port.heard() == b""
    assert dialler.closing(1_099) and port.heard() == b""
    assert dialler.closing(1_100) and port.heard() == b"+++"
    port.says(b"\r\nOK\r\n")
    assert dialler.closing(2_100) and port.heard() == b"ATH\r"
    port.says(b"\r\nOK\r\n")
    assert not dialler.closing(2_200)


def test_hanging_up_while_it_dials_aborts_the_call():
    port = ScriptedPort()
    dialler = dialling(port)
    assert dialler.closing(100) and port.heard() == b"\rATH\r"
    port.says(b"\r\nNO CARRIER\r\n\r\nOK\r\n")
    assert not dialler.closing(200)


LOST = b"\r\nNO CARRIER\r\n"


def hinted(port, words=b"</x>" + LOST, cut=0):
    """A dialler without a carrier line that has read the words, and after which silence has followed."""
    dialler = connected(port)
    port.heard()
    dialler.poll(500)
    port.says(words[:cut])
    got = read(dialler)
    port.says(words[cut:])
    got += read(dialler)
    assert got == words[: -len(LOST)], cut
    dialler.poll(1_499)
    assert read(dialler) == b"" and not dialler.doubtful() and dialler.deadline_ms() == 1_500
    dialler.poll(1_500)
    return dialler


def test_without_a_carrier_line_the_words_are_a_hint_that_is_given_once():
    for cut in range(len(LOST) + 5):
        port = ScriptedPort(has_lines=False)
        dialler = hinted(port, cut=cut)
        assert dialler.doubtful() and not dialler.doubtful()
        dialler.poll(60_000)
        assert not dialler.doubtful() and dialler.deadline_ms() is None
        assert read(dialler) == b"" and port.heard() == b""  # the modem is not disturbed: it may be a message


def test_any_byte_that_follows_shows_that_the_words_were_data():
    for late in (b"</body>", b"\r", LOST + b"x", b"<a/>" + LOST):
        port = ScriptedPort(has_lines=False)
        dialler = hinted(port)
        assert dialler.doubtful() and dialler.write(b"<r/>") == 4
        port.says(late)
        got = read(dialler)
        dialler.poll(90_000)
        got += read(dialler)
        port.says(b"z")
        assert got + read(dialler) == LOST + late + b"z", late


def test_the_words_twice_are_one_hint():
    port = ScriptedPort(has_lines=False)
    dialler = connected(port)
    port.says(b"</x>" + LOST + LOST)
    assert read(dialler) == b"</x>"
    dialler.poll(2_000)
    assert dialler.doubtful()


def test_with_a_carrier_line_its_fall_confirms_the_words():
    port = ScriptedPort()
    dialler = connected(port)
    port.says(b"</x>" + LOST)
    assert read(dialler) == b"</x>"
    dialler.poll(1_000)
    port.dcd = False
    with pytest.raises(links.NoCarrier):
        dialler.poll(1_100)


class SlowPort(ScriptedPort):
    """taken: how many bytes one write takes."""

    taken = 1_000

    def write(self, data):
        self.written += data[: self.taken]
        return min(self.taken, len(data))


def escapes(written, guard_ms=1_000):
    """Whether a modem would take what was written, as (time, bytes), for the escape sequence (S2, S12)."""
    bytes_at = [(at, byte) for at, part in written for byte in part]
    for i in range(len(bytes_at) - 2):
        before, after = bytes_at[:i], bytes_at[i + 3 :]
        times = [at for at, byte in bytes_at[i : i + 3] if byte == ord("+")]
        if len(times) == 3 and times[2] - times[0] < guard_ms:
            silent_before = not before or times[0] - before[-1][0] >= guard_ms
            if silent_before and (not after or after[0][0] - times[2] >= guard_ms):
                return True
    return False


@pytest.mark.parametrize("pause_ms", [0, 10, 900, 2_000])
@pytest.mark.parametrize("taken", [1, 2, 3, 4, 64])
def test_no_data_is_taken_for_the_escape_sequence_however_the_port_stalls(taken, pause_ms):
    port = SlowPort(has_lines=False)
    dialler = connected(port)
    port.heard()
    port.taken = taken
    data = whole = b"<x>abc" + b"+++ATH<x>+++</x>+++" * 2
    now_ms, written = 10_000, []
    while data:
        dialler.poll(now_ms)
        n = dialler.write(data)
        if n:
            written.append((now_ms, port.heard()))
            data = data[n:]
            now_ms += pause_ms
        else:
            assert dialler.deadline_ms() > now_ms
            now_ms = dialler.deadline_ms()
    assert b"".join(part for _, part in written) == whole and not escapes(written)
    assert escapes([(0, b"x"), (2_000, b"+++"), (4_000, b"y")]) and not escapes([(0, b"x"), (2_000, b"++++")])


def test_the_words_in_a_message_are_data_at_every_split():
    words = b"<body>\r\nNO CARRIER\r\nNO CARRIER\r\n+++ATH\r\n</body>"
    for first in range(len(words)):
        for second in range(first, len(words), 5):
            port = ScriptedPort(has_lines=False)
            dialler = connected(port)
            got = b""
            for part in (words[:first], words[first:second], words[second:]):
                port.says(part)
                got += read(dialler)
            dialler.poll(9_000)
            assert got + read(dialler) == words, (first, second)


def test_what_is_held_back_never_overflows_a_buffer():
    data = (b"\r\nNO CARRIER" + b"x" * 240) * 9
    for size in (65, 66, 80, 127, 128, 129, 256):
        for pieces in (0, 1, 13, 14, 15):
            port = ScriptedPort(has_lines=False, pieces=pieces)
            dialler = dialling(port)
            port.says(b"\r\nCONNECT\r\n" + data)
            assert dialler.ready(30)
            got = b""
            while port.incoming or got != data:
                got += read(dialler, size)
            assert got == data, (size, pieces)


def test_while_a_carrier_line_stays_the_words_are_data():
    port = ScriptedPort()
    dialler = connected(port)
    port.dcd = True
    port.says(b"\r\nNO CARRIER\r\n")
    assert read(dialler) == b"" and dialler.carrier() is True
    dialler.poll(10_000)
    assert read(dialler) == b"\r\nNO CARRIER\r\n" and read(dialler) == b"" and port.heard() == b""


def test_a_modem_that_does_not_look_at_dtr_is_hung_up_by_the_escape_sequence():
    port = ScriptedPort()
    dialler = connected(port)
    port.dcd = True
    assert dialler.closing(100) and dialler.closing(400) and port.dtr[-1] is True
    assert dialler.closing(1_400) and port.heard() == b"+++"
    port.says(b"\r\nOK\r\n")
    assert dialler.closing(2_400) and port.heard() == b"ATH\r"
    port.dcd = False
    port.says(b"\r\nOK\r\n")
    assert not dialler.closing(2_500)


def test_an_ok_in_data_is_not_the_modems():
    port = ScriptedPort(has_lines=False)
    dialler = connected(port)
    dialler.closing(100)
    dialler.closing(1_100)
    assert port.heard() == b"+++"
    port.says(b"<body>list:\nOK\n</body>")
    assert dialler.closing(1_200) and port.heard() == b""
    assert dialler.closing(3_100) and port.heard() == b"ATH\r"


def test_hanging_up_while_a_silent_modem_is_called_back_does_not_dial():
    for has_lines in (True, False):
        port = ScriptedPort(has_lines)
        dialler = Dialler(port, "555", PROFILE)
        dialler.open(0)
        dialler.ready(3_000)
        now_ms = 3_000
        while dialler.closing(now_ms):
            if port.heard().endswith(b"ATH\r"):
                port.says(b"\r\nOK\r\n")
            now_ms += 100
            assert now_ms < 30_000
        assert b"DT" not in port.heard()


def test_a_port_that_takes_little_gets_whole_commands():
    class Narrow(ScriptedPort):
        def write(self, data):
            self.written += data[:2]
            return min(2, len(data))

    port = Narrow()
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    for _ in range(5):
        dialler.ready(10)
    assert port.heard() == b"ATE0V1\r"


def test_what_was_said_before_the_call_is_no_answer():
    port = ScriptedPort()
    port.says(b"\r\nOK\r\n\r\nNO CARRIER\r\n")
    dialler = Dialler(port, "555", PROFILE)
    dialler.open(0)
    assert not dialler.ready(10) and port.heard() == b"ATE0V1\r"


@pytest.mark.parametrize("words", [b"\r\nCONNECT/ARQ/V34\r\n", b"17\r", b"28\r"])
def test_other_words_for_connect(words):
    port = ScriptedPort()
    dialler = dialling(port)
    port.says(words)
    assert dialler.ready(30)


def test_a_driver_that_obeys_the_deadline_does_not_spin():
    port = ScriptedPort(has_lines=False)
    dialler = connected(port)
    port.says(b"text\r\n")
    assert read(dialler) == b"text"
    dialler.poll(dialler.deadline_ms())
    assert read(dialler) == b"\r\n" and dialler.deadline_ms() is None
    port.says(b"\r\nNO CARRIER\r\n")
    assert read(dialler) == b"" and dialler.deadline_ms() is not None
