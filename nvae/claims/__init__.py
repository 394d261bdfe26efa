"""Evaluation of the paper's claims: the criteria of ``claims.yaml``, computed from the tables, over seeds.

Snakemake calls :func:`load` while it builds its graph, to find the tables that the claims need. Nothing here imports
pandas, therefore; the modules that do (``readers``, ``evaluation``) are imported by the command only.
"""

from nvae.claims.loading import load
from nvae.claims.schema import Claim, Claims, Criterion, Quantity

__all__ = ["Claim", "Claims", "Criterion", "Quantity", "load"]
