"""The paper's claims, put to the test: ``claims.yaml`` against the tables, over seeds.

Snakemake asks :func:`load` which tables the claims need while it builds its graph, so nothing here imports pandas;
what does (``readers``, ``evaluation``) is imported by the command alone.
"""

from nvae.claims.loading import load
from nvae.claims.schema import Claim, Claims, Criterion, Quantity

__all__ = ["Claim", "Claims", "Criterion", "Quantity", "load"]
