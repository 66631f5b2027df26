"""The desktop side: handhelds to see and press, a modem, a bad line, an exchange. Import the module that you need."""
