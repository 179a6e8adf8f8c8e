"""What people want to be told about: saved searches, and the letters that answer them."""
