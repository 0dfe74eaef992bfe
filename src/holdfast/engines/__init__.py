"""Computation that knows traits and services, never a sector."""
