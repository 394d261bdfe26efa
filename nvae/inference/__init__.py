"""Trained models applied to images: encoding, generation, and what a classifier says of images."""
