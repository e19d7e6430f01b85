"""Alembic migrations of the online store; each runs in one transaction."""
