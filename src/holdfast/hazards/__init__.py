"""Hazards, one folder each: city and parameters to intensity field."""
