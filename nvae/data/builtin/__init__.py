"""Data sets that the project draws itself, from known factors: they need no download.

``BUILTIN`` names the module that draws each one, or each family of them. Modules are imported by name, so that an
edit to one data set redraws that one alone.
"""

BUILTIN = {
    "glyphs": "nvae.data.builtin.glyphs",
    "garments": "nvae.data.builtin.garments",
    "faces": "nvae.data.builtin.faces",
    "dial": "nvae.data.builtin.dial",
}
