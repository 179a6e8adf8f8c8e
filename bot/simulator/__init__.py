"""A chat platform of our own: the page, and an HTTP interface for scripts."""
