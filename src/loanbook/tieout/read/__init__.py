"""From a file to a document of blocks, and from its blocks to figures with their place, period, currency and basis."""
