"""Ordered lines over measures, rendered as documents."""
