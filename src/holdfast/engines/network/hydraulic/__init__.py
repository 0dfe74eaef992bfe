"""Pressurised water networks: model, batched solver, and the EPANET engine."""
