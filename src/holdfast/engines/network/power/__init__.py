"""AC power networks: model, parts, radial sweep, power-grid-model in batches, Newton-Raphson, shedding, back-feed, own sources."""
