"""The only writer: import, update, lifecycle, reference city, backup."""
