"""Speed as ratios, each measured within one run: against the bare kernel, against plain JAX, against a peer."""
