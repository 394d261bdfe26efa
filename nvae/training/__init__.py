"""Training loop, the same for every model."""
