"""Documents mention only files, commands, tables and numbers that exist."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from nvae.analyses import ANALYSES
from nvae.claims.readme import with_table
from nvae.cli import VERBS
from nvae.config import load
from nvae.figures import FIGURES
from nvae.models import build
from nvae.plotting.labels import model_label
from nvae.tables.schemas import ARRAYS, TABLES, VARIANTS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = {figure.name for figure in FIGURES}


def test_readme_has_one_row_per_figure() -> None:
    rows = re.findall(
        r"^\| (S?)(\d+) \| `paper_figs/(\w+)\.pdf` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name for _, _, name in rows} == NAMES
    assert all(name.startswith(f"{'supp' if kind else 'fig'}{int(number):02}_") for kind, number, name in rows)
    assert len(rows) == len(NAMES)


def test_dvc_has_one_stage_per_figure() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert set(stages["figure"]["foreach"]) == NAMES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_link_targets_exist(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (document.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`[^`]+`|^    .+$", text, re.MULTILINE))
    verbs = set(re.findall(r"\bnvae ([a-z][a-z-]+)\b", code)) - {"verb"}
    assert verbs <= set(VERBS), verbs - set(VERBS)
    words = set(re.findall(r"\bmake ([a-z]+)\b", code))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert words <= targets, words - targets


def tables_table() -> str:
    """Return the list of tables and their columns, as docs/architecture.md has it."""
    lines = ["| table | made by | columns or arrays |", "|---|---|---|"]
    for schema in (*TABLES.values(), VARIANTS):
        columns = [column.name + (f" ({column.meaning})" if column.meaning else "") for column in schema.columns]
        verb = schema.name if schema.name in ANALYSES else "train" if schema.name == "history" else "variants"
        joined = "" if schema is VARIANTS else " per run, then `collect`"
        lines.append(f"| `{schema.name}.csv` | `{verb}`{joined} | {', '.join(columns)} |")
    for arrays in ARRAYS.values():
        axes = [f"`{name}` ({', '.join(listed.split())})" for name, listed in arrays.axes.items() if listed]
        block = "-{kind}" if "kind" in arrays.axes else ""
        path = f"`{arrays.name}/{{dataset}}-{{variant}}{block}.npz`"
        lines.append(f"| {path} | `{arrays.name}` | {', '.join(axes)}; {arrays.meaning} |")
    return "\n".join(lines)


def test_architecture_lists_every_table() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- tables -->\n(.*?)\n?<!-- /tables -->", text, re.DOTALL)
    assert found
    assert found[1] == tables_table(), "put this between the markers:\n" + tables_table()


def budget_table() -> str:
    """Return the numbers of weights and steps of the compared models, as docs/choices.md lists them."""
    config = load(ROOT / "params.yaml", profile="paper")
    lines = [
        "| model | latents | weights | steps of 128 | β₁ | extras |",
        "|---|---|---|---|---|---|",
    ]
    extras = ("class_weight", "beta", "gradient_penalty", "label_weight", "label_smoothing")
    for role in ("digits", "fashion"):
        dataset = config.datasets[role]
        for variant in ("n_vae", "beta_vae", "cvae", "cgan", "ac_gan", "classifier"):
            params, protocol = config.model_params(dataset, variant), config.training_params(dataset, variant)
            model = build(config.variant(variant).model, params, n_classes=10, image_shape=(28, 28))
            assert protocol.batch_size == 128
            steps = protocol.epochs * -(-(60_000 - config.data[dataset].validation_images) // protocol.batch_size)
            weights = " + ".join(f"{sum(p.numel() for p in t.player.parameters()):,}" for t in model.optimizer_steps())
            found = params.model_dump()
            latents = found.get("latent_dims") or (
                f"10 × {found['class_dims']} + {found['shared_dims']}" if "class_dims" in found else "–"
            )
            special = ", ".join(f"{key} {found[key]:g}" for key in extras if key in found) or "–"
            lines.append(
                f"| {variant}, {dataset} | {latents} | {weights} | {steps:,} | {protocol.adam_beta1:g} | {special} |"
            )
    return "\n".join(lines)


def test_choices_list_weights_and_steps() -> None:
    text = (ROOT / "docs/choices.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- budget -->\n(.*?)\n?<!-- /budget -->", text, re.DOTALL)
    assert found
    assert found[1] == budget_table(), "put this between the markers:\n" + budget_table()


#: Validation errors of classifiers trained on as many generated as real images, and their σ.
HALF = {"error_share0.5_pct": 1.0} | {f"error_share0.5_sigma{sigma:g}_pct": sigma for sigma in (1.5, 2, 2.5, 3)}


def _format_setting(value: object) -> str:
    """Format a setting as in params.yaml."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def tries_table(dataset: str, differing: dict[str, object], columns: dict[str, str]) -> str:
    """Return runs of docs/tries.csv as docs/claims.md lists them: settings unlike the chosen ones, and metrics."""
    config = load(ROOT / "params.yaml", profile="paper")
    runs = pd.read_csv(ROOT / "docs/tries.csv")
    runs = runs[runs["dataset"] == dataset].dropna(subset=[name for name in columns if name in runs])
    for key, value in differing.items():
        runs = runs[runs[key] == value]
    lines = [f"| setting | {' | '.join(columns.values())} |", f"|{'---|' * (1 + len(columns))}"]
    trend = runs[[name for name in HALF if name in runs]].rank(axis=1).corrwith(pd.Series(HALF).rank(), axis=1)
    for _, run in runs.assign(own_less_shared=runs["kl_own_nats"] - runs["kl_shared_nats"], trend=trend).iterrows():
        chosen = {
            **config.model_params(dataset, run["variant"]).model_dump(mode="json"),
            **config.training_params(dataset, run["variant"]).model_dump(mode="json"),
            **differing,
        }
        changed = [
            f"`{key} = {_format_setting(run[key])}`" for key in TRIED if key in chosen and run[key] != chosen[key]
        ]
        about = f"{model_label(run['variant'])}, " if len(set(runs["variant"])) > 1 else ""
        how = f", {run['precision']}" if len(set(runs["precision"])) > 1 else ""
        values = [f"{run[name]:.{3 if name in FINE else 2}f}" for name in columns]
        lines.append(f"| {about}{', '.join(changed) or 'as chosen'}{how} | {' | '.join(values)} |")
    return "\n".join(lines)


#: Keys whose settings differ between the tries.
TRIED = ("likelihood", "class_dims", "shared_dims", "class_weight", "class_bias", "kl_warmup_epochs", "beta")
#: Metrics that are printed with three decimals.
FINE = ("aggregate_sliced_wasserstein", "aggregate_mean_between_class_share")
BOUND = {"negative_bound_nats": "bound"}


@pytest.mark.parametrize(
    ("dataset", "differing", "columns"),
    [
        pytest.param(
            "fashion_mnist",
            {"class_weight": 8.0},
            {"kl_own_nats": "KL own", "kl_shared_nats": "KL z_s", "own_less_shared": "own − z_s", **BOUND},
            id="C4",
        ),
        pytest.param(
            "mnist",
            {},
            {
                "aggregate_sliced_wasserstein": "distance to the prior",
                "aggregate_mean_between_class_share": "share between classes",
                **BOUND,
            },
            id="C5",
        ),
        pytest.param(
            "mnist",
            {},
            {
                **{name: f"half, σ = {sigma:g}" for name, sigma in HALF.items()},
                "trend": "ρ",
                "error_share1_pct": "alone, σ = 1",
                "error_share1_sigma3_pct": "alone, σ = 3",
            },
            id="C8",
        ),
        pytest.param(
            "fashion_mnist",
            {},
            {
                f"error_share{share}{at}_pct": f"{words}, σ = {sigma}"
                for share, words in (("0.5", "half"), ("1", "alone"))
                for sigma, at in ((1, ""), (2, "_sigma2"), (3, "_sigma3"))
            },
            id="C9",
        ),
        pytest.param(
            "mnist",
            {},
            {
                **{
                    f"{mark}_switched_share_{rank}": f"{mark}, {rank}"
                    for mark in ("crossbar", "loop")
                    for rank in ("best", "second")
                },
                **BOUND,
            },
            id="C14",
        ),
    ],
)
def test_claims_list_what_was_tried(dataset: str, differing: dict[str, object], columns: dict[str, str]) -> None:
    table = tries_table(dataset, differing, columns)
    assert table in (ROOT / "docs/claims.md").read_text(encoding="utf-8"), table


def test_citation_file_names_the_paper() -> None:
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert content["preferred-citation"]["identifiers"][0]["value"] == "arXiv:1901.09415"
    assert content["references"][0]["title"] == content["preferred-citation"]["title"]


def test_no_file_names_a_registry_host() -> None:
    hosts = ("pypi" + ".org", "python" + "hosted", "anaconda" + ".org", "deb.debian" + ".org")
    tracked = [p for pattern in ("*", "nvae/**/*.py", "workflow/**/*", "docs/*") for p in ROOT.glob(pattern)]
    found = [
        path.name
        for path in tracked
        if path.is_file()
        and path.suffix not in {".png", ".pdf"}
        and path.name != "dvc.lock"
        and any(host in path.read_text(errors="ignore", encoding="utf-8") for host in hosts)
    ]
    assert not found


def test_the_claims_of_the_readme_are_those_of_the_committed_result() -> None:
    content = json.loads((ROOT / "results/paper/claims.json").read_text(encoding="utf-8"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(text, content, name="README.md") == text, "stale: run `nvae claims --readme README.md`"
