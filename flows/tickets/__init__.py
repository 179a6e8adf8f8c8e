"""Tickets: what a person and the people of the desk write to each other. Pure."""
