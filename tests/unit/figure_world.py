"""Made-up tables with the columns of the schemas, and figures drawn from them."""

import importlib
from collections.abc import Mapping
from dataclasses import replace

import matplotlib.text
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from nvae import figures
from nvae.layout import Layout
from nvae.plotting import style
from nvae.tables.reading import Arrays
from nvae.tables.schemas import TABLES, VARIANTS
from tests.unit import supplement_world

ROLES = {"digits": "glyphs", "fashion": "garments", "faces": "yale_b"}
SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0)
SHARES = (0.25, 0.5, 1.0)
# Test error in % at σ = 1 of classifiers trained on generated images alone, and its change per unit of σ.
ERRORS = {"n_vae": (9.0, 1.0), "cvae": (12.0, 5.0), "cgan": (8.0, 9.0), "ac_gan": (11.0, 12.0)}
BASELINE = {"glyphs": 1.4, "garments": 9.5}
FIDELITY = {
    "accuracy_pct": (97.0, -9.0), "lowest_class_accuracy_pct": (90.0, -12.0), "classes_present": (10.0, 0.0),
    "frechet_distance": (6.0, 70.0), "precision": (0.9, -0.25), "recall": (0.6, 0.08), "density": (1.1, -0.35),
    "coverage": (0.8, -0.2), "lowest_class_coverage": (0.6, -0.2),
}  # fmt: skip
AGGREGATE = {
    "beta_vae": (0.41, 0.32, 0.021, 0.9, 88.0),
    "n_vae": (0.06, 0.07, 0.0014, 0.05, 31.0),
}


def class_names(dataset: str) -> list[str]:
    if dataset == "yale_b":
        return [f"yaleB{k:02d}" for k in range(1, 40) if k != 14]
    if dataset == "garments":
        words = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag"]
        return [*words, "Ankle boot"]
    return [str(k) for k in range(10)]


def kl_table(dataset: str, model: str = "n_vae", *, n_seeds: int = 3, class_dims: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(len(dataset) + 10 * len(model))
    names = class_names(dataset)
    scale = {"glyphs": (1.0, 6.0), "garments": (3.0, 2.0), "yale_b": (0.02, 4.0)}[dataset]
    rows = []
    for seed in range(n_seeds):
        order = rng.permutation(class_dims)
        for k, name in enumerate(names):
            head = {
                "dataset": dataset, "model": model, "seed": seed, "image_class": k, "image_class_name": name,
                "n_images": 90 + k,
            }  # fmt: skip
            for split in ("validation", "test"):
                for block in range(len(names)):
                    for dim in range(class_dims):
                        level = scale[0] * 0.6 ** order[dim] if block == k else 0.003
                        rows.append(head | {"split": split, "kind": "class", "latent_class": block, "dim": dim,
                                            "kl_nats": level * rng.uniform(0.7, 1.3)})  # fmt: skip
                for dim in range(4):
                    rows.append(head | {"split": split, "kind": "shared", "latent_class": -1, "dim": dim,
                                        "kl_nats": scale[1] * 0.7**dim * rng.uniform(0.9, 1.1)})  # fmt: skip
    return pd.DataFrame(rows)


def both_splits(rows: list[dict[str, object]], dataset: str, model: str, column: str) -> pd.DataFrame:
    """Return each row once for the test split, and once for the validation split with another number."""
    test = pd.DataFrame(rows).assign(dataset=dataset, model=model, split="test")
    others = test.assign(split="validation", **{column: test[column] + 7.0})
    return pd.concat([others, test], ignore_index=True)


def augmentation_table(dataset: str, model: str, *, n_seeds: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(len(dataset) + 10 * len(model))
    start, slope = ERRORS[model]
    rows: list[dict[str, object]] = []
    for seed in range(n_seeds):
        for sigma in SIGMAS:
            for share in SHARES:
                alone = start * rng.uniform(0.97, 1.03) + slope * (sigma - 1) * rng.uniform(0.85, 1.15)
                mixed = BASELINE[dataset] + 0.02 * share * (alone - 8) + rng.normal(0, 0.05)
                error = BASELINE[dataset] + alone if share == 1 else mixed
                rows.append({"seed": seed, "sigma": sigma, "generated_share": share, "error_pct": error})
    return both_splits(rows, dataset, model, "error_pct")


def metrics_table(dataset: str, *, n_seeds: int = 3) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for seed in range(n_seeds):
        rows.append({"seed": seed, "metric": "objective_nats", "value": 0.1})
        rows.append({"seed": seed, "metric": "accuracy_pct", "value": 100 - BASELINE[dataset] + 0.06 * (seed - 1)})
    return both_splits(rows, dataset, "classifier", "value")


def fidelity_table(dataset: str, model: str, *, n_seeds: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(len(dataset) + 10 * len(model))
    decay = ERRORS[model][1] / 8
    rows: list[dict[str, object]] = []
    for seed in range(n_seeds):
        for sigma in SIGMAS:
            for metric, (start, slope) in FIDELITY.items():
                value = max(0.0, (start + slope * decay * (sigma - 1)) * rng.uniform(0.94, 1.02))
                rows.append({"seed": seed, "sigma": sigma, "metric": metric, "value": value})
    return both_splits(rows, dataset, model, "value")


def aggregate_table(dataset: str, model: str, *, n_seeds: int = 3, dims: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(len(model))
    names = ("mean_between_class_share", "sliced_wasserstein", "mmd", "gaussian_total_correlation_nats",
             "probe_accuracy_pct")  # fmt: skip
    rows: list[dict[str, object]] = []
    for seed in range(n_seeds):
        for metric, value in zip(names, AGGREGATE[model], strict=True):
            rows.append({"seed": seed, "metric": metric, "dim": -1, "value": value * rng.uniform(0.95, 1.05)})
        for dim in range(dims):
            rows.append({"seed": seed, "metric": "between_class_share", "dim": dim, "value": 0.1 * dim + 0.01 * seed})
    return both_splits(rows, dataset, model, "value")


def ablation_table(ablation: figures.Ablation, *, n_seeds: int = 3) -> pd.DataFrame:
    """Return the metrics of all variants, with a column of the varied parameter."""
    parts = []
    for dataset, model in ablation.runs(ROLES):
        rows = supplement_world.ablation_rows(dataset, ablation.parameter, ablation.variants.index(model), n_seeds)
        parts.append(both_splits(rows, dataset, model, "value"))
    return pd.concat(parts, ignore_index=True)


def variants_table() -> pd.DataFrame:
    """Return the varied parameters of the ablations' variants, as `nvae variants` writes them."""
    rows = []
    for ablation in figures.ABLATIONS:
        table = ablation_table(ablation, n_seeds=1).drop_duplicates(["dataset", "model"])
        table = table.assign(parameter=ablation.parameter, setting=table[ablation.parameter].astype(str))
        rows.append(table[list(VARIANTS.names)])
    return pd.concat(rows, ignore_index=True)


def factor_table(dataset: str, model: str, *, n_seeds: int = 3) -> pd.DataFrame:
    return both_splits(supplement_world.factor_rows(dataset, model, n_seeds), dataset, model, "value")


def calibration_table(dataset: str, model: str, *, n_seeds: int = 3) -> pd.DataFrame:
    return both_splits(supplement_world.calibration_rows(dataset, model, n_seeds), dataset, model, "value")


def posterior_table(dataset: str, model: str, *, dims: int = 5, n: int = 2000) -> Arrays:
    rng = np.random.default_rng(3)
    spread = 1.2 if model == "beta_vae" else 0.2
    labels = np.sort(rng.integers(0, 10, n))
    z = spread * rng.normal(size=(10, dims))[labels] + rng.normal(0, np.sqrt(max(0.1, 1 - spread**2)), (n, dims))
    return {
        "z": z.astype(np.float32),
        "labels": labels,
        "kl_nats": np.linspace(2.4, 0.4, dims),
        "dims": rng.permutation(dims),
        "class_names": np.array(class_names(dataset)),
        "dataset": np.array(dataset),
        "model": np.array(model),
        "seed": np.array(0),
    }


def blobs(*shape: int, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Return images of smooth bright spots, (…shape, height, width) uint8, which are cheap to compute."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    cx, cy, r = (rng.uniform(low, high, (*shape, 1, 1)) for low, high in ((-0.4, 0.4), (-0.4, 0.4), (0.2, 0.5)))
    return np.round(255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r**2)).astype(np.uint8)


def traversal_table(dataset: str, kind: str, *, n_dims: int = 4, steps: int = 9, center: str = "seed_image") -> Arrays:
    names = class_names(dataset)
    size = (48, 42) if dataset == "yale_b" else (28, 28)
    rng = np.random.default_rng(1)
    order = np.array([rng.permutation(n_dims) for _ in names])
    kept = np.ones((len(names), n_dims, steps), bool)
    kept[2, 0, -2:] = False
    return {
        "images": blobs(len(names), n_dims, steps, size=size),
        "values": np.linspace(-3, 3, steps),
        "dims": order,
        "kl_nats": np.sort(rng.uniform(0, 2, order.shape))[:, ::-1],
        "kept": kept,
        "seed_images": blobs(len(names), size=size),
        "class_names": np.array(names),
        "center": np.array(center),
        "kind": np.array(kind),
        "dataset": np.array(dataset),
        "model": np.array("n_vae"),
        "seed": np.array(0),
    }


def sample_table(dataset: str, model: str = "n_vae", *, sigmas: int = 5) -> Arrays:
    names = class_names(dataset)
    return {
        "images": blobs(sigmas, len(names), 4, size=(28, 28), seed=len(model)),
        "sigmas": np.linspace(0.5, 3.0, sigmas),
        "class_names": np.array(names),
        "dataset": np.array(dataset),
        "model": np.array(model),
        "seed": np.array(0),
    }


def table_for(need: figures.Need | figures.Ablation, *, n_seeds: int = 3) -> pd.DataFrame | Arrays:
    """Return the table of a need, with all splits."""
    if isinstance(need, figures.Ablation):
        return ablation_table(need, n_seeds=n_seeds)
    ((dataset, variant),) = need.about(ROLES)
    match need.table:
        case "kl":
            return kl_table(dataset, variant, n_seeds=n_seeds)
        case "metrics":
            return metrics_table(dataset, n_seeds=n_seeds)
        case "augmentation":
            return augmentation_table(dataset, variant, n_seeds=n_seeds)
        case "fidelity":
            return fidelity_table(dataset, variant, n_seeds=n_seeds)
        case "aggregate":
            return aggregate_table(dataset, variant, n_seeds=n_seeds)
        case "factors":
            return factor_table(dataset, variant, n_seeds=n_seeds)
        case "calibration":
            return calibration_table(dataset, variant, n_seeds=n_seeds)
        case "posteriors":
            return posterior_table(dataset, variant)
        case "samples":
            return sample_table(dataset, variant)
        case _:
            return traversal_table(dataset, need.block)


def tables_of(name: str, *, n_seeds: int = 3) -> dict[str, pd.DataFrame | Arrays]:
    """Return the tables of a figure as `nvae.figures.loading.load` does: of a CSV, the test rows."""
    made = {need.key: table_for(need, n_seeds=n_seeds) for need in figures.find(name).needs}
    return {
        key: table[table["split"] == "test"].reset_index(drop=True) if isinstance(table, pd.DataFrame) else table
        for key, table in made.items()
    }


def write_tables(layout: Layout, *, n_seeds: int = 3) -> None:
    """Write the tables of all figures below the working directory, joined over runs as in a clone."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for need in dict.fromkeys(replace(need, key="") for spec in figures.FIGURES for need in spec.needs):
        table = table_for(need, n_seeds=n_seeds)
        if isinstance(table, pd.DataFrame):
            parts.setdefault(need.table, []).append(table[list(TABLES[need.table].names)])
        else:
            (path,) = need.files(layout, ROLES, lambda dataset: range(n_seeds))
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, allow_pickle=False, **table)
    for name, tables in parts.items():
        pd.concat(tables, ignore_index=True).to_csv(layout.table(name), index=False)
    variants_table().to_csv(layout.table("variants"), index=False)


def drawn(name: str, loaded: Mapping[str, object]) -> Figure:
    spec = figures.find(name)
    figure: Figure = importlib.import_module(spec.module).draw(loaded, **spec.options)
    return figure


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def saved(figure: Figure) -> tuple[bytes, bytes]:
    return style.render(figure)
