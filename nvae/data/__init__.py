"""Data sets: fetching, parsing, splitting, and the built-in sets. Importing this package loads no heavy library.

``PREPARERS`` maps each kind of data set to the module that prepares it. Modules are imported by name, so that an edit
to the module of one kind does not cause the sets of the other kind to be prepared again.
"""

PREPARERS = {"idx": "nvae.data.prepare_idx", "faces": "nvae.data.faces.prepare"}
