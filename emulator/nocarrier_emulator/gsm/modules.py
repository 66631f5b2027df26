"""The modules by name, and one of them as a thing that opens TCP connections."""

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.gsm.modem import GsmModem
from nocarrier_emulator.gsm.quectel import Quectel
from nocarrier_emulator.gsm.sim800 import Sim800
from nocarrier_emulator.gsm.sim7600 import Sim7600
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.phonebook import Subscriber
from nocarrier_emulator.tcpnumber import TcpNumber

MODULES: dict[str, type[GsmModem]] = {"sim800": Sim800, "sim7600": Sim7600, "quectel": Quectel}


def on_the_network(name: str, clock: Clock, profile: Profile) -> GsmModem:
    """It connects to whatever address it is told, as its own network would let it. Needs ScaledClock."""

    def find(host: str, port: int) -> Subscriber:
        return TcpNumber(clock, host, port)

    return MODULES[name](clock, find, profile=profile)
