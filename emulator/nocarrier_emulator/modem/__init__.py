"""A Hayes modem (V.250): its command line, its settings, and the calls that it makes and takes."""
