"""Search in threads: the statement, the index that it needs, and excerpts of what it finds."""
