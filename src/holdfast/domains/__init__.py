"""Sectors, one folder each, all of one shape."""
