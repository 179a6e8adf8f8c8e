"""Backups: a moment of the database in one encrypted file, and the way back."""
