"""What the assistant says and understands: pure functions, no input or output."""
