"""From trained models to tables."""
