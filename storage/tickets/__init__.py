"""Tickets in the database: what is written in a turn, what operators do, their Telegram group."""
