"""Faces in the layout of Extended Yale B: reading, cropping, filtering by the light's angle."""
