"""Channels and the loops: everything that touches a network or a clock."""
