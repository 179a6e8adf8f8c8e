"""The social taxi in the database: rules, rides, drives, wishes."""
