"""What came of an offer that somebody was interested in."""
