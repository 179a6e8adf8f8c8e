"""The commands of `admin_cli.py`, a module for each group: parse, call one function, print."""
