"""The servers that tests at every one of them start: the variable with their program, and what makes one of it."""

from nocarrier_emulator.deliveries import USERS
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

SERVERS = {
    "Prosody 13": ("PROSODY13", lambda tool: Prosody(tool, USERS)),
    "Prosody 13, SASL2": ("PROSODY13", lambda tool: Prosody(tool, USERS, sasl2=True)),
    "Prosody 0.12": ("PROSODY012", lambda tool: Prosody(tool, USERS)),
    "ejabberd": ("EJABBERD", lambda tool: Ejabberd(tool, USERS)),
}
