"""The dialler with modules for GSM and LTE in transparent mode, and every failure that their manuals tell of."""

import random

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.gsm.faults import Faults
from nocarrier_emulator.gsm.modules import MODULES
from nocarrier_emulator.handheld import ModemStream
from nocarrier_emulator.phonebook import Echo
from nocarrier_ports.links import link as links
from nocarrier_ports.links.bringup import Access
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.links.dialprofile import PROFILES
from nocarrier_ports.links.stream import StreamLink

ACCESS = Access("internet", "anna", "wonder", "1234")
STEP_MS = 20


class Bench:
    """A module, a dialler on it, and an address that echoes."""

    def __init__(self, name, faults=None, access=ACCESS, wired=False, pieces=0):
        self.clock = VirtualClock()
        self.echo = Echo()
        self.asked = []
        self.module = MODULES[name](self.clock, self._find, faults)
        stream = ModemStream(self.module, lambda: None, pieces)
        self.port = StreamLink(stream, None, (lambda: self.module.dcd) if wired else None)
        self.dialler = Dialler(self.port, "jabber.test:5222", PROFILES[name](), access)

    def _find(self, host, port):
        self.asked.append((host, port))
        return self.echo if (host, port) == ("jabber.test", 5222) else None

    def call(self, for_ms=400_000):
        """Opens the link; True if it stands in that time."""
        self.dialler.open(self.clock.ticks_ms())
        end_ms = self.clock.now_ms() + for_ms
        while self.clock.now_ms() < end_ms:
            if self.dialler.ready(self.clock.ticks_ms()):
                return True
            self.clock.run(STEP_MS)
        return False

    def run(self, for_ms):
        """The call goes on; returns what came."""
        got, buf = b"", bytearray(256)
        end_ms = self.clock.now_ms() + for_ms
        while self.clock.now_ms() < end_ms:
            self.dialler.poll(self.clock.ticks_ms())
            while n := self.dialler.read_into(buf):
                got += buf[:n]
            self.clock.run(STEP_MS)
        return got

    def talk(self, data):
        """Writes data, and returns what comes back."""
        got = b""
        while data:
            data = data[self.dialler.write(data) :]
            got += self.run(STEP_MS)
        return got + self.run(4_000)

    def hang_up(self):
        while self.dialler.closing(self.clock.ticks_ms()):
            self.clock.run(STEP_MS)
        self.dialler.close()


@pytest.fixture(params=list(MODULES))
def name(request):
    return request.param


def test_a_call_through_each_module_and_another_one_after_it(name):
    bench = Bench(name)
    for _ in range(2):
        assert bench.call() and bench.asked[-1] == ("jabber.test", 5222)
        assert bench.module.apn == "internet" and bench.dialler.signal_dbm == -79
        payload = b"<message>+++ NO CARRIER\r\nCLOSED\r\nOK\r\n" + bytes(range(256)) + b"</message>"
        assert bench.talk(payload) == payload
        bench.hang_up()
        assert not bench.module.connected and not bench.module.sockets
    assert "jabber.test" not in bench.dialler.status()


def test_every_vendors_commands_stand_in_the_order_of_its_manual(name):
    bench = Bench(name, Faults("SIM PIN"))
    assert bench.call()
    names = [command.split("=")[0] for command in bench.module.heard]
    orders = {
        "sim800": [
            "+CPIN",
            "+CSQ",
            "+CREG?",
            "+CGATT",
            "+CIPSHUT",
            "+CIPMODE",
            "+CSTT",
            "+CIICR",
            "+CIFSR",
            "+CIPSTART",
        ],
        "sim7600": ["+CPIN", "+CSQ", "+CEREG?", "+CGDCONT", "+CGAUTH", "+CIPMODE", "+NETOPEN", "+CIPOPEN"],
        "quectel": ["+CPIN", "+CSQ", "+CEREG?", "+QIDEACT", "+QICSGP", "+QIACT", "+QIOPEN"],
    }
    places = [names.index(command) for command in orders[name]]
    assert places == sorted(places)


def test_without_apn_or_credentials_what_needs_them_is_left_out(name):
    bench = Bench(name, access=Access())
    assert bench.call()
    assert not any("AUTH" in command or "QICSGP" in command for command in bench.module.heard)


def test_answers_in_any_pieces_with_unasked_lines_between(name):
    lines = [
        b"RING",
        b"+CREG: 1",
        b'+CMTI: "SM",3',
        b"*PSUTTZ: 1",
        b"+CPIN: READY",
        b"Call Ready",
        b"SMS Ready",
        b"+CSQ: 31,0",
    ]
    for pieces in (1, 2, 3, 7):
        bench = Bench(name, Faults("SIM PIN", unasked=lines, registration=[2, 2, 0, 5]), pieces=pieces)
        assert bench.call()
        bench.module.faults.unasked = []
        assert bench.talk(b"<x/>") == b"<x/>"


def test_a_module_that_finds_out_the_rate_swallows_the_first_commands(name):
    bench = Bench(name, Faults(deaf_commands=2))
    assert bench.call()


SIM_FAULTS = (
    (Faults("NOT INSERTED"), ACCESS, "SIM card (is not there)"),
    (Faults("SIM PUK"), ACCESS, "SIM card (wants its PUK)"),
    (Faults("SIM PIN"), Access(), "SIM card (wants its PIN)"),
    (Faults("SIM PIN", pin="9999"), ACCESS, "SIM card (refuses the PIN)"),
    (Faults(busy=1_000), ACCESS, "SIM card (is busy)"),
)


@pytest.mark.parametrize("faults, access, text", SIM_FAULTS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_with_the_card_is_said_and_not_tried_again(name, faults, access, text):
    bench = Bench(name, Faults(**vars(faults)), access)
    with pytest.raises(links.SimError) as caught:
        bench.call()
    assert str(caught.value) == text and caught.value.retry_ms is None


def test_a_wrong_pin_is_never_sent_twice(name):
    bench = Bench(name, Faults("SIM PIN", pin="9999"))
    for _ in range(4):
        with pytest.raises(links.SimError, match="refuses the PIN"):
            bench.call()
    assert bench.module.faults.tries == 2 and bench.module.faults.sim == "SIM PIN"


@pytest.mark.parametrize("answer", ["+CME\0ERROR: 16", "RDY", "+CPIN: NOT READY|+CME ERROR: 16", "+CME ERROR: 14", ""])
def test_whatever_becomes_of_the_answer_the_pin_is_not_sent_again_before_the_card_was_open(name, answer):
    bench = Bench(name, Faults("SIM PIN", pin="9999"))
    plain = bench.module._run

    def run(command, argument):
        if command == "+CPIN" and argument.startswith("="):
            plain(command, argument)
            for line in answer.split("|"):
                bench.module.say(line)
            return ""
        return plain(command, argument)

    bench.module._run = run
    for _ in range(3):
        with pytest.raises(links.LinkError):
            bench.call()
        bench.dialler.close()
        bench.module._pending = ""
    assert bench.module.faults.tries == 2


def test_the_last_try_of_a_pin_is_left_to_a_person(name):
    bench = Bench(name, Faults("SIM PIN", tries=1))
    with pytest.raises(links.SimError, match="one try left"):
        bench.call()
    assert bench.module.faults.tries == 1
    bench.module.faults.failing = {"+SPIC", "+QPINC"}  # it cannot tell
    bench.module.faults.tries = 2
    bench.module.power_cycle()
    assert bench.call()


def test_a_server_may_send_us_elsewhere_but_no_commands_to_the_modem(name):
    bench = Bench(name)
    assert bench.dialler.redirect("other.test")
    bench.dialler.close()  # as the runner does in between
    with pytest.raises(links.LinkError):
        bench.call()
    assert bench.asked[-1] == ("other.test", 5222)
    assert bench.call() and bench.asked[-1] == ("jabber.test", 5222)
    for address in ('x","1"\r\nATD112;\r:5222', "x:0", ":5222", "a b", "x:5222;", "x" * 256):
        assert not bench.dialler.redirect(address)
    assert not Dialler(bench.port, "555").redirect("other.test")


def test_a_card_that_is_busy_gets_its_time(name):
    bench = Bench(name, Faults("SIM PIN", busy=5))
    assert bench.call()


def test_no_network_and_a_network_that_refuses(name):
    for states, text, retry_ms in (([2, 2, 0], "no network", 60_000), ([3], "registration denied", 600_000)):
        bench = Bench(name, Faults(registration=list(states)))
        with pytest.raises(links.NetError, match=text) as caught:
            bench.call()
        assert caught.value.retry_ms == retry_ms and 90_000 <= bench.clock.now_ms() < 110_000
        bench.module.faults.registration = [5]
        assert bench.call()


def test_a_network_that_comes_later_is_waited_for(name):
    bench = Bench(name, Faults(registration=[2] * 20 + [1]))
    assert bench.call()


ATTACH = {"sim800": "+CIICR", "sim7600": "+NETOPEN", "quectel": "+QIACT"}
OPEN = {"sim800": "+CIPSTART", "sim7600": "+CIPOPEN", "quectel": "+QIOPEN"}
LONG_MS = {"sim800": 80_000, "sim7600": 70_000, "quectel": 145_000}


def test_a_data_service_that_fails_is_told_and_tried_again(name):
    bench = Bench(name, Faults(failing={ATTACH[name]}))
    with pytest.raises(links.NetError) as caught:
        bench.call()
    assert ATTACH[name] in str(caught.value) and caught.value.retry_ms == 5_000
    bench.module.faults.failing = {"+NETOPEN:"}
    if name == "sim7600":  # OK now, and the failure in a line of its own
        with pytest.raises(links.NetError, match="NETOPEN: 4"):
            bench.call()
    bench.module.faults.failing = set()
    assert bench.call()


def test_the_vendors_long_waits_are_waited(name):
    bench = Bench(name, Faults(attach_ms=LONG_MS[name], connect_ms=70_000))
    assert bench.call()


def test_a_module_that_falls_silent_is_given_up_in_time(name):
    for command in ("+CPIN", ATTACH[name], OPEN[name]):
        bench = Bench(name, Faults(silent={command}))
        with pytest.raises((links.Timeout, links.NoAnswer)) as caught:
            bench.call()
        assert ACCESS.password not in str(caught.value)
        bench.module.faults.silent = set()
        bench.module.power_cycle()
        assert bench.call()


CONNECTS = ("FAIL", "ERROR", "BUSY", "+CME ERROR: 50", "NO CARRIER")


@pytest.mark.parametrize("connect", CONNECTS)
def test_an_address_that_cannot_be_had(name, connect):
    bench = Bench(name, Faults(connect=connect))
    with pytest.raises(links.LinkError) as caught:
        bench.call()
    assert isinstance(caught.value, links.NoAnswer if connect == "BUSY" else links.NetError)
    assert caught.value.retry_ms is not None
    bench.module.faults.connect = "OK"
    bench.module.power_cycle() if connect == "BUSY" else None
    assert bench.call() and bench.talk(b"<x/>") == b"<x/>"


def test_a_module_that_is_still_attached_from_before_a_restart(name):
    bench = Bench(name)
    assert bench.call()
    # The handheld starts anew: the module is in the middle of a call of which it does not know.
    bench.dialler = Dialler(bench.port, "jabber.test:5222", PROFILES[name](), ACCESS)
    assert bench.call() and bench.talk(b"<x/>") == b"<x/>"
    assert len(bench.module.sockets) == 1


@pytest.mark.parametrize("wired", [False, True])
@pytest.mark.parametrize("how", ["other side", "network"])
def test_a_connection_that_is_lost_is_noticed_within_seconds(name, how, wired):
    bench = Bench(name, wired=wired)
    assert bench.call() and bench.talk(b"<x/>") == b"<x/>"
    bench.module.drop_network() if how == "network" else bench.echo.ends[-1].line.drop()
    if wired:
        with pytest.raises(links.NoCarrier):
            bench.run(2_000)
    else:
        assert bench.run(2_000) == b"" and bench.dialler.doubtful()
    bench.dialler.close()
    assert bench.call() and bench.talk(b"<y/>") == b"<y/>"


def test_a_payload_of_the_modules_own_words_at_every_split_neither_ends_the_call_nor_is_lost(name):
    words = {
        "sim800": b"\r\nCLOSED\r\n",
        "sim7600": b"\r\n+IPCLOSE: 0,1\r\n",
        "quectel": b'\r\n+QIURC: "closed",0\r\n',
    }[name]
    payload = b"<body>+++" + words + b"\r\nNO CARRIER\r\n+++</body>"
    hints = 0
    for cut in range(len(payload) + 1):
        bench = Bench(name)
        assert bench.call()
        got = b""
        for part in (payload[:cut], payload[cut:]):
            bench.echo.ends[-1].write(part)
            got += bench.run(3_000)  # silence behind every part: nothing tells the words from the module's
            hints += bench.dialler.doubtful()
        assert got == payload and bench.module.connected, cut
        assert bench.talk(b"<x/>") == b"<x/>"
    assert hints == 1 + (name == "quectel")


def test_the_module_restarts_while_it_is_brought_up(name):
    bench = Bench(name, Faults(attach_ms=30_000))
    bench.clock.call_later(10_000, lambda: (bench.module.power_cycle(), bench.module.on_dte(b"\r\nRDY\r\n")))
    with pytest.raises(links.NetError, match="restarted"):
        bench.call()
    assert bench.call()


def test_noise_at_every_byte_position_never_leaves_it_stuck(name):
    """A line of somebody else's in the middle of any answer: the call stands, or a typed failure says to try again."""
    clean = Bench(name)
    sent = []
    whole = clean.module.on_dte
    clean.module.on_dte = lambda data: (sent.append(len(data)), whole(data))
    assert clean.call()
    for position in range(0, sum(sent), 3):
        bench = Bench(name)
        seen = [0]
        deliver = bench.module.on_dte

        def noisy(data, seen=seen, deliver=deliver, position=position):
            at = position - seen[0]
            seen[0] += len(data)
            deliver(data[:at] + b"\r\nRING\r\n" + data[at:] if 0 <= at < len(data) else data)

        bench.module.on_dte = noisy
        for _ in range(3):
            try:
                assert bench.call(), position
                break
            except links.LinkError as error:
                assert error.retry_ms is not None, (position, error)
        bench.run(2_000)
        assert bench.module.connected, position


def test_random_faults_end_in_a_call_or_in_a_typed_failure(name):
    for seed in range(60):
        rng = random.Random(seed)
        faults = Faults(
            rng.choice(["READY", "SIM PIN", "SIM PUK"]),
            rng.randrange(3),
            rng.choice(["1234", "1234", "1111"]),
            registration=[rng.randrange(6) for _ in range(5)] + [rng.choice([1, 3])],
            failing=set(rng.sample(["+CSQ", "+CMEE", "+CGATT", ATTACH[name], OPEN[name]], rng.randrange(2))),
            connect=rng.choice(["OK", "OK", "FAIL", "ERROR"]),
            deaf_commands=rng.randrange(3),
        )
        bench = Bench(name, faults, pieces=rng.choice([0, 1, 5]))
        try:
            assert bench.call() and bench.talk(b"<x/>") == b"<x/>", "seed %d" % seed
        except links.LinkError as error:
            assert str(error) and "1234" not in str(error) and "wonder" not in str(error), "seed %d" % seed
