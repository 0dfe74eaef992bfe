"""The plan of a reference city: streets, blocks, buildings, terrain."""
