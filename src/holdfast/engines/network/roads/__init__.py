"""Road networks: shortest paths, repair of paths after damage, user equilibrium, reach."""
