"""How long things are kept: one schedule, run by the clock."""
