"""Definition of every path of the project, relative to the project's root, which is the working directory."""

from dataclasses import dataclass
from pathlib import Path

PARAMS = Path("params.yaml")
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
RESULTS = Path("results")
REGISTRY = Path("data/registry.csv")


def raw(dataset: str) -> Path:
    """Return the folder of a data set's raw files."""
    return RAW / dataset


def raw_list(dataset: str) -> Path:
    """Return the list of the checksums of a data set's raw files, which stands for them in Snakemake's graph."""
    return RAW / f"{dataset}.sha256"


@dataclass(frozen=True)
class Layout:
    """The paths of one profile.

    Args:
        profile: Name of the profile, ``paper``, ``demo`` or ``smoke``; it is part of every path of results.
    """

    profile: str

    @property
    def results(self) -> Path:
        """The profile's results folder."""
        return RESULTS / self.profile

    @property
    def tables(self) -> Path:
        """The folder of the tidy tables: the joined tables of all runs, and the arrays."""
        return self.results / "tables"

    @property
    def figures(self) -> Path:
        """The folder of the figures; only the paper profile has ``paper_figs``."""
        return Path("paper_figs") if self.profile == "paper" else self.results / "figures"

    @property
    def metrics(self) -> Path:
        """The summary that ``dvc metrics show`` prints."""
        return self.results / "metrics.json"

    @property
    def records(self) -> Path:
        """The folder of the records of how every result was made, for clones that have only some of the results."""
        return self.results / "records"

    def group_records(self, group: str) -> Path:
        """Return the path of the records of one group of steps."""
        return self.records / f"{group}.json"

    @property
    def claims(self) -> Path:
        """The verdicts on the paper's claims as JSON; a CSV beside it has the same content."""
        return self.results / "claims.json"

    def prepared(self, dataset: str) -> Path:
        """Return the path of the prepared set, an ``.npz`` file."""
        return PREPARED / self.profile / f"{dataset}.npz"

    def model(self, dataset: str, variant: str, seed: int | str) -> Path:
        """Return the folder of one trained model, with its weights, history and description."""
        return self.results / "models" / dataset / variant / f"seed{seed}"

    def release(self, dataset: str, variant: str) -> Path:
        """Return the folder of one model's weights in half precision, small enough for git."""
        return self.results / "release" / dataset / variant

    def log(self, job: str) -> Path:
        """Return the path of the log of a job such as ``train/mnist-n_vae-seed0``."""
        return self.results / "logs" / f"{job}.log"

    def checkpoint(self, dataset: str, variant: str, seed: int | str) -> Path:
        """Return the path of the checkpoint of an unfinished run, which is never a declared output."""
        return self.results / "checkpoints" / dataset / variant / f"seed{seed}.safetensors"

    def arms(self, dataset: str, variant: str, seed: int | str) -> Path:
        """Return the folder of one generator's finished arms of the augmentation study, never a declared output."""
        return self.results / "arms" / dataset / variant / f"seed{seed}"

    def run_table(self, table: str, dataset: str, variant: str, seed: int | str) -> Path:
        """Return the path of the table of one run; `table` is the joined table of all runs."""
        return self.results / "runs" / table / dataset / variant / f"seed{seed}.csv"

    def table(self, table: str) -> Path:
        """Return the path of the tidy table of all runs; ``table`` is a key of `nvae.tables.schemas.TABLES`."""
        return self.tables / f"{table}.csv"

    def arrays(self, table: str, dataset: str, variant: str, block: str = "") -> Path:
        """Return the path of the arrays of the first seed's model; ``block`` is the kind of latents of a traversal."""
        return self.tables / table / f"{dataset}-{variant}{'-' * bool(block)}{block}.npz"
