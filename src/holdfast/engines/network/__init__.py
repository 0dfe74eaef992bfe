"""Networks as arrays: topology, and one folder per solver family."""
