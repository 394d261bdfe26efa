"""Measures of arrays, independent of models and files."""
