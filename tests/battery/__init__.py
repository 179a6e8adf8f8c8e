"""Faults against the real processes on the loopback: ``make battery`` prints what was found."""
