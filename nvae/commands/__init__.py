"""The verbs of the ``nvae`` command, one module per verb; `analysis` serves all analyses."""
