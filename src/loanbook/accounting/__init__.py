"""The books: from cumulative amounts by cell and dated corporate events to balanced entries and closed accounts."""
