"""Understanding a question typed in any words and language: what is asked, and about what."""
