"""Offers as operators keep them: fields, sheets, changes, translations, freshness."""
