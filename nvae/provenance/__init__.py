"""Where an artefact comes from: sidecars, the chain that they form (`lineage`), and the code of a step (`closure`)."""

from nvae.provenance.sidecars import PART, Stopwatch, atomic, sha256, write_manifest, write_sidecar

__all__ = ["PART", "Stopwatch", "atomic", "sha256", "write_manifest", "write_sidecar"]
