"""The pipeline as data: every step with its inputs, outputs, settings and code.

Snakemake's rules, DVC's stages and ``nvae verify`` are views of this one description: `plans` has the settings and the
code of each verb, `graph` the steps of a profile, `records` what is known of how the results were made, and `stages`
the stages of ``dvc.yaml``. Imports nothing heavy.
"""
