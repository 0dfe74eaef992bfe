"""The nouns: declarations, quantities, tables, city, coordinates, time, errors."""
