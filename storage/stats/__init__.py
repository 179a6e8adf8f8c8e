"""Coordinators' statistics: people counted from what is stored, and made safe to publish."""
