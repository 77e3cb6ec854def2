"""Columns, filters and paging of change lists."""
