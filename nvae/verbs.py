"""The verbs of the ``nvae`` command, and the modules that each one runs. Imports nothing heavy."""

from nvae.analyses import ANALYSES

VERBS = {
    "fetch": "fetch the raw files of a real data set from data/raw, mirrors, the system or its official address",
    "draw-data": "draw a built-in data set (glyphs, garments, faces) from known factors",
    "prepare": "turn raw files into one prepared set with training, validation and test splits",
    "null": "make a null of a prepared set, in which no factor is exclusive to a class",
    "try-settings": "train with some keys changed and record the validation metrics",
    "train": "train one model on one prepared set with one seed",
    "alias": "copy a trained model under the name of a variant with the same settings",
    **{analysis.name: analysis.summary for analysis in ANALYSES.values()},
    "variants": "write the parameters of every variant as a table",
    "detect": "decide which classes have factors of their own, from the ladders of a data set and of its nulls",
    "collect": "join the tables of single runs into one table",
    "summarise": "condense the table of metrics into metrics.json",
    "claims": "evaluate the paper's claims on the tables, with intervals over seeds",
    "draw": "draw a figure from its tables",
    "verify": "compare the results with their records, with the configuration and with the code",
    "compare": "compare the results of two runs, table by table and claim by claim",
    "reproduce": "make results from the raw data in a folder of their own, and compare them with the project's",
    "trace": "print the lineage of an artefact down to the raw files, with commits, parameters and hashes",
    "prune": "list, or delete, results of seeds, variants and data sets that params.yaml no longer names",
    "release": "write one trained model in half precision, small enough for git, and the effect of the rounding",
    "hours": "report the time that a profile's results took, by step, device and seed",
    "restore": "restore data and models from DVC's cache or remote",
}


def verb_modules(verb: str) -> list[str]:
    """Return the names of the modules that a verb runs, its command first."""
    if verb in ANALYSES:
        return ["nvae.commands.analysis", *ANALYSES[verb].modules]
    return [f"nvae.commands.{verb.replace('-', '_')}"]
