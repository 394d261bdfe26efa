"""From models to tables."""
