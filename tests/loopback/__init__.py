"""Loopback doubles of the providers, as strict as the real ones."""
