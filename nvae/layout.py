"""Every path of the project, once. All are relative to the project's root, the working directory."""

from dataclasses import dataclass
from pathlib import Path

PARAMS = Path("params.yaml")
RAW = Path("data/raw")
REGISTRY = Path("data/registry.csv")


def raw(dataset: str) -> Path:
    """The folder of a data set's raw files."""
    return RAW / dataset


@dataclass(frozen=True)
class Layout:
    """The paths of one profile.

    Args:
        profile: ``paper``, ``demo`` or ``smoke``; part of every results path.
    """

    profile: str

    @property
    def results(self) -> Path:
        """The profile's results folder."""
        return Path("results") / self.profile

    @property
    def tables(self) -> Path:
        """The folder of the tidy tables that figures are drawn from."""
        return self.results / "tables"

    @property
    def figures(self) -> Path:
        """Where figures go: ``paper_figs`` for the paper profile alone."""
        return Path("paper_figs") if self.profile == "paper" else self.results / "figures"

    @property
    def metrics(self) -> Path:
        """The summary that ``dvc metrics show`` prints."""
        return self.results / "metrics.json"

    @property
    def claims(self) -> Path:
        """The verdicts on the paper's claims; the same as a table stands beside it."""
        return self.results / "claims.json"

    def prepared(self, dataset: str) -> Path:
        """The prepared set, one ``.npz``."""
        return Path("data/prepared") / self.profile / f"{dataset}.npz"

    def model(self, dataset: str, variant: str, seed: int | str) -> Path:
        """The folder of one trained model: weights, history, description."""
        return self.results / "models" / dataset / variant / f"seed{seed}"

    def release(self, dataset: str, variant: str) -> Path:
        """The folder of one model's weights in half precision, small enough for git."""
        return self.results / "release" / dataset / variant

    def log(self, job: str) -> Path:
        """Where a job's messages go, beside the terminal; ``train/mnist-n_vae-seed0`` is a job."""
        return self.results / "logs" / f"{job}.log"

    def checkpoint(self, dataset: str, variant: str, seed: int | str) -> Path:
        """The checkpoint of an unfinished run; never a declared output."""
        return self.results / "checkpoints" / dataset / variant / f"seed{seed}.safetensors"

    def arms(self, dataset: str, variant: str, seed: int | str) -> Path:
        """The folder of one generator's finished arms of the augmentation study; never a declared output."""
        return self.results / "arms" / dataset / variant / f"seed{seed}"

    def run_table(self, table: str, dataset: str, variant: str, seed: int | str) -> Path:
        """The table of one run; those of all runs are joined in `table`."""
        return self.results / "runs" / dataset / variant / f"seed{seed}" / f"{table}.csv"

    def table(self, table: str) -> Path:
        """The tidy table of all runs, of one of the kinds of `nvae.tables.schemas.TABLES`."""
        return self.tables / f"{table}.csv"

    def arrays(self, table: str, dataset: str, variant: str, block: str = "") -> Path:
        """The arrays of the first seed's model; those of a traversal are about one kind of latents, ``block``."""
        return self.tables / table / f"{dataset}-{variant}{'-' * bool(block)}{block}.npz"
