"""The plugs at which a terminal gets at the modem: pseudo-terminal, serial port, TCP, telnet, RFC 2217."""
