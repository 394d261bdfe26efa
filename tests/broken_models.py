"""N-VAE broken on purpose in three ways, and evaluation of the claims on tables of intact and broken models.

``python -m tests.broken_models FOLDER`` prints the verdicts side by side for the demo's data, by default with three
seeds.
"""

import argparse
import contextlib
import importlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from nvae import claims
from nvae.analyses.kl import kl_table
from nvae.analyses.metrics import metric_table
from nvae.analyses.responses import response_table
from nvae.claims.evaluation import ClaimEvaluator
from nvae.cli import main
from nvae.config import Config, NVaeParams
from nvae.data import PREPARERS
from nvae.data.prepared import PreparedSet
from nvae.layout import Layout
from nvae.models.n_vae import NVae
from nvae.models.protocol import Posterior
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit

ROOT = Path(__file__).parents[1]
CPU = torch.device("cpu")
#: The claims about latent blocks, whose tables are made here.
CLAIMS = ("C1", "C2", "C3", "C6", "C7", "C14")


class MaskOff(NVae):
    """N-VAE trained with a decoder that receives the blocks of all classes, not only that of the true class."""

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the decoder input of `NVae` without the mask: only the appended 1 identifies the class."""
        one_hot = functional.one_hot(y, self.n_classes).to(z.dtype)
        blocks = z[:, : self.n_class_latents].reshape(-1, self.n_classes, self.params.class_dims)
        named = torch.cat([blocks, one_hot[:, :, None]], dim=2) if self.params.class_bias else blocks
        return torch.cat([named.flatten(1), z[:, self.n_class_latents :]], dim=1)


class Permuted(NVae):
    """N-VAE that, at test time, takes every class's block for that of the next class."""

    def _posterior(self, x: Tensor) -> tuple[Posterior, Tensor]:
        right, logits = super()._posterior(x)
        return Posterior(self._rolled(right.mu), self._rolled(right.log_var), right.log_prob), logits

    def _rolled(self, latents: Tensor) -> Tensor:
        split = self.n_class_latents
        return torch.cat([latents[:, :split].roll(self.params.class_dims, dims=1), latents[:, split:]], dim=1)


class Swapped(NVae):
    """N-VAE that, at test time, exchanges z_s and the own block, here that of the class that the encoder predicts.

    The decoder receives them in the correct places. Requires d_c = d_s.
    """

    def _posterior(self, x: Tensor) -> tuple[Posterior, Tensor]:
        right, logits = super()._posterior(x)
        label = logits.argmax(dim=1)
        return Posterior(self._swapped(right.mu, label), self._swapped(right.log_var, label), right.log_prob), logits

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the decoder input of `NVae` for the latents before the exchange."""
        return super().decoder_input(self._swapped(z, y), y)

    def _swapped(self, latents: Tensor, label: Tensor) -> Tensor:
        d = self.params.class_dims
        assert d == self.params.shared_dims
        own = label[:, None] * d + torch.arange(d)
        swapped = latents.clone()
        swapped.scatter_(1, own, latents[:, self.n_class_latents :])
        swapped[:, self.n_class_latents :] = latents.gather(1, own)
        return swapped


#: Class of each kind of break, and whether it uses the intact model's weights.
BREAKS: Mapping[str, tuple[type[NVae], bool]] = {
    "intact": (NVae, True),
    "mask off": (MaskOff, False),
    "blocks permuted": (Permuted, True),
    "z_c and z_s swapped": (Swapped, True),
}


def sizes(config: Config, dataset: str) -> NVaeParams:
    """Return the profile's N-VAE parameters with d_c = d_s, so that blocks can be swapped."""
    params = config.model_params(dataset, "n_vae")
    assert isinstance(params, NVaeParams)
    return params.model_copy(update={"class_dims": params.shared_dims})


def trained(kind: type[NVae], config: Config, data: PreparedSet, *, seed: int) -> NVae:
    """Train a model of that class by the profile's protocol."""
    protocol = config.training_params(data.name, "n_vae")
    model = kind(sizes(config, data.name), n_classes=data.n_classes, image_shape=data.image_shape)
    batches = Shuffled(Resident.of(data.train, CPU), protocol.batch_size, seed)
    title = f"{kind.__name__} {data.name} seed {seed}"
    fit(model, batches, Resident.of(data.validation, CPU), protocol, seed=seed, device=CPU, title=title)
    return model


def run_tables(model: NVae, config: Config, data: PreparedSet, *, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of one run from which `CLAIMS` are evaluated."""
    tables = {
        "metrics": metric_table(model, data, config.metrics, seed=seed, device=CPU, splits=("test",)),
        "kl": kl_table(model, data.test, data.class_names, device=CPU).assign(split="test"),
        "responses": response_table(
            model,
            data.test,
            config.traversals,
            images_per_class=config.responses.images_per_class,
            n_classes=data.n_classes,
            features=config.responses.features.get(data.name, {}),
            device=CPU,
        ).assign(split="test"),
    }
    return {name: table.assign(dataset=data.name, model="n_vae", seed=seed) for name, table in tables.items()}


def verdicts(config: Config, sets: Mapping[str, PreparedSet], folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    """Return the evaluation of each claim for each kind of break, from one run per seed and data set.

    Args:
        config: Configuration with the seeds and settings of every run.
        sets: Data sets by name, one for each of the configuration's roles.
        folder: Folder that gets a folder of tables for each kind of break.
    """
    tables: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for data in sets.values():
        for seed in config.seeds:
            intact = trained(NVae, config, data, seed=seed)
            for name, (kind, reuses_weights) in BREAKS.items():
                model = trained(kind, config, data, seed=seed) if not reuses_weights else intact
                if reuses_weights and kind is not NVae:
                    model = kind(intact.params, n_classes=data.n_classes, image_shape=data.image_shape)
                    model.load_state_dict(intact.state_dict())
                model.eval()
                for table, rows in run_tables(model, config, data, seed=seed).items():
                    tables.setdefault((name, table), []).append(rows)
    loaded = claims.load(ROOT / "claims.yaml")
    chosen = claims.Claims(claims=tuple(claim for claim in loaded.claims if claim.id in CLAIMS))
    found = {}
    for name in BREAKS:
        with contextlib.chdir(_made(folder / name)):
            layout = Layout(config.profile)
            for (broken, table), parts in tables.items():
                if broken == name:
                    path = layout.table(table)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    pd.concat(parts).to_csv(path, index=False)
            content = ClaimEvaluator(layout, config.datasets).content(chosen)
        found[name] = {claim["id"]: claim for claim in content["claims"]}
    return found


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def side_by_side(found: Mapping[str, Mapping[str, Mapping[str, object]]]) -> str:
    """Return a Markdown table with one row per criterion and one column per break; a claim's verdict is below its
    criteria."""
    lines = ["| claim | criterion | " + " | ".join(found) + " |", "|---" * (2 + len(found)) + "|"]
    for claim, evaluated in found["intact"].items():
        for place, criterion in enumerate(evaluated["criteria"]):  # type: ignore[arg-type]
            cells = []
            for broken in found.values():
                this = broken[claim]["criteria"][place]  # type: ignore[index]
                estimate, interval = this["estimate"], this["interval"]
                half = f" ± {(interval[1] - interval[0]) / 2:.2g}" if interval else ""
                cells.append(f"{estimate:.3g}{half}, {this['outcome']}")
            name = f"{criterion['name']} ({criterion['direction']} {criterion['threshold']:g})".replace("|", "\\|")
            lines.append(f"| {claim} | {name} | " + " | ".join(cells) + " |")
        bold = [f"**{broken[claim]['verdict']}**" for broken in found.values()]
        lines.append(f"| {claim} | | " + " | ".join(bold) + " |")
    return "\n".join(lines)


def prepared_sets(config: Config, params: Path) -> Iterator[PreparedSet]:
    """Yield the data set of each role, drawn and prepared in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        for dataset in dict.fromkeys(config.datasets.values()):
            raw = Path(folder) / dataset
            assert (
                main(["draw-data", dataset, "--params", str(params), "--profile", config.profile, "--out", str(raw)])
                == 0
            )
            how = config.data_params(dataset)
            yield importlib.import_module(PREPARERS[how.kind]).prepare(raw, dataset, how)


def _print() -> None:
    from nvae import config

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for tables and verdicts")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    loaded = config.load(ROOT / "params.yaml", profile="demo").model_copy(update={"seeds": tuple(range(args.seeds))})
    found = verdicts(loaded, {data.name: data for data in prepared_sets(loaded, ROOT / "params.yaml")}, args.folder)
    (args.folder / "verdicts.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(side_by_side(found))


if __name__ == "__main__":
    _print()
