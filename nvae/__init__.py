"""N-VAE: disentangling and learning robust representations with natural clustering.

A replication of Antorán & Miguel, arXiv 1901.09415. The Snakemake pipeline calls this package; every step of the
pipeline is also a verb of the ``nvae`` command.
"""

__version__ = "0.1.0"
