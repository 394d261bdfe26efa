"""Built-in data sets, which the project draws from known factors, so that they need no download.

``BUILTIN`` maps each built-in data set, or family of data sets, to the module that draws it. Modules are imported by
name, so that after an edit to one module only its data sets are drawn again.
"""

BUILTIN = {
    "glyphs": "nvae.data.builtin.glyphs",
    "garments": "nvae.data.builtin.garments",
    "faces": "nvae.data.builtin.faces",
    "dial": "nvae.data.builtin.dial",
}
