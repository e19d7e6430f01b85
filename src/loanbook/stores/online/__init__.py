"""The online store: PostgreSQL, one dialect for the embedded server and for production."""
