"""What the desk writes to people unasked: broadcasts and alerts. Pure."""
