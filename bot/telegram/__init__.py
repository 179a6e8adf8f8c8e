"""Telegram: updates in, letters out; python-telegram-bot is the API client and its types only."""
