"""Broadcasts in the database: who gets them, what they say, what came of them."""
