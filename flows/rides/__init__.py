"""The social taxi: what it can do, what it was asked for, and what could not be met."""
