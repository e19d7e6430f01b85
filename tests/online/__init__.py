"""Tests of the online store, on a PostgreSQL server of their own."""
