"""Data sets: fetching, parsing, splitting, and the built-in ones. Imports nothing heavy.

``PREPARERS`` names the module that prepares each kind of data set. Modules are imported by name, so
that an edit to one kind does not prepare the other again.
"""

PREPARERS = {"idx": "nvae.data.prepare_idx", "faces": "nvae.data.faces.prepare"}
