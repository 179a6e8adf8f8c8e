"""The desk's agenda: where it is open, who is there, which hours are free."""
