"""The database: what was seen, what is to be done, and what was found."""
