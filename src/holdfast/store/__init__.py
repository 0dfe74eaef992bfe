"""Stores of city facts: embedded GeoPackage and PostgreSQL with PostGIS."""
