"""Measures over arrays: they know no model and no file."""
