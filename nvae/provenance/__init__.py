"""Where an artefact comes from: sidecars, the chain that they form (`lineage`), and the code of a step (`closure`)."""

from nvae.provenance.hashing import PART, sha256
from nvae.provenance.sidecars import atomic, write_manifest

__all__ = ["PART", "atomic", "sha256", "write_manifest"]
