"""Steady gas networks, many cases at once."""
