"""The usual mistakes, each found by one function: what is wrong, and what to do."""
