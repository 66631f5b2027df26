"""Simulated modules for GSM and LTE, written from what their vendors' manuals say: SIM800, SIM7600, Quectel."""
