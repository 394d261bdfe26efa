"""dvc.yaml and .dvcignore agree with the layout, the list of figures and the shared modules, which they repeat."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from pathspec import GitIgnoreSpec

from nvae.config import load
from nvae.figures import FIGURES, SUFFIXES, Ablation, runs
from nvae.layout import Layout, raw
from nvae.tables.schemas import ARRAYS, TABLES
from tests.pipeline.project import ROOT

PAPER = Layout("paper")
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())
CONFIG = load(ROOT / "params.yaml", profile="paper")
#: Data sets that are stored in files: those in the roles of the figures, and those whose factors are probed.
SETS = {dataset for dataset, _ in runs(CONFIG.datasets)}
#: Data sets that are drawn in memory and not stored.
DIALS = {"dial", "dial_few", "dial_weak"}


def names(entries: list[Any]) -> list[str]:
    """Return the paths of a list whose entries are ``path`` or ``path: options``."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def every_stage() -> dict[str, dict[str, Any]]:
    return {name: stage.get("do", stage) for name, stage in DVC["stages"].items()}


def test_each_figure_has_a_stage_that_reads_its_tables() -> None:
    stages = DVC["stages"]["figure"]["foreach"]
    assert set(stages) == {figure.name for figure in FIGURES}
    for figure in FIGURES:
        assert f"nvae.figures.{stages[figure.name]['module']}" == figure.module
        read = {PAPER.tables / need.table if need.table in ARRAYS else PAPER.table(need.table) for need in figure.needs}
        if any(isinstance(need, Ablation) for need in figure.needs):
            read.add(PAPER.table("variants"))
        # The stage lists one table, or the folder of all tables.
        if read:
            assert Path(stages[figure.name]["reads"]) == (read.pop() if len(read) == 1 else PAPER.tables), figure.name


def test_figure_stages_depend_on_every_shared_module() -> None:
    modules = {path.name for path in (ROOT / "nvae/figures").glob("*.py")} - {"__init__.py"}
    shared = modules - {f"{figure.module.rpartition('.')[2]}.py" for figure in FIGURES}
    deps = names(every_stage()["figure"]["deps"])
    listed = {Path(name).name for name in deps if name.startswith("nvae/figures/")}
    assert listed - {"${item.module}.py"} == shared
    assert {"nvae/plotting", "nvae/tables"} <= set(deps)


def test_outputs_are_persisted_and_only_large_ones_are_cached() -> None:
    for name, stage in every_stage().items():
        for entry in [*stage["outs"], *stage.get("metrics", [])]:
            ((path, options),) = entry.items()
            made = (PAPER.metrics, PAPER.claims, PAPER.claims.with_suffix(".csv"))
            small = (PAPER.tables, PAPER.results / "release", *made)
            light = path.startswith("paper_figs/") or Path(path) in small
            assert options == ({"cache": False, "persist": True} if light else {"persist": True}), (name, path)


def test_output_paths_agree_with_the_layout() -> None:
    stages = every_stage()
    raws = [f"{raw(dataset)}{end}" for dataset in SETS for end in ("", ".sha256", ".meta.json")]
    assert sorted(names(stages["data"]["outs"])) == sorted([*raws, str(PAPER.prepared("x").parent)])
    assert names(stages["models"]["outs"]) == [str(PAPER.results / "models")]
    assert PAPER.model("d", "v", 0).is_relative_to(PAPER.results / "models")
    assert names(stages["releases"]["outs"]) == [str(PAPER.results / "release")]
    assert PAPER.release("d", "v").is_relative_to(PAPER.results / "release")
    assert names(stages["tables"]["metrics"]) == [str(PAPER.metrics)]
    assert names(stages["figure"]["outs"]) == [f"{PAPER.figures}/${{key}}.{suffix}" for suffix in SUFFIXES]


def test_every_stage_uses_profile_paper_and_lists_its_inputs() -> None:
    for name, stage in every_stage().items():
        assert "--config profile=paper -- " in stage["cmd"], name
        assert name == "provenance" or "profiles.paper" in stage["params"], name
        code = [dep for dep in names(stage["deps"]) if dep.startswith("nvae/") and "$" not in dep]
        assert [dep for dep in code if not (ROOT / dep).exists()] == [], name
    assert "seeds" in every_stage()["figure"]["params"]
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    listed = {key for stage in every_stage().values() for key in stage.get("params", [])}
    assert {key.partition(".")[0] for key in listed} == set(params) - {"profile", "execution"}
    for section in ("data", "models.common", "models.n_vae", "training"):
        datasets = {key.removeprefix(f"{section}.") for key in listed if key.startswith(f"{section}.")}
        assert datasets - {"defaults"} == SETS | (DIALS if section == "data" else {"dial"}), section
    assert {f"models.{name}" for name in params["models"]} <= {".".join(key.split(".")[:2]) for key in listed}


def test_the_plot_shows_the_histories() -> None:
    ((path, plot),) = (entry.popitem() for entry in DVC["plots"])
    assert path == str(PAPER.table("history"))
    assert {plot["x"], plot["y"]} <= set(TABLES["history"].names)
    template = json.loads((ROOT / f".dvc/plots/{plot['template']}.json").read_text())
    assert template["transform"][0]["filter"]["field"] in TABLES["history"].names


@pytest.mark.parametrize("profile", ["paper", "demo", "smoke"])
def test_only_records_of_profile_paper_are_kept(profile: str) -> None:
    ignore = GitIgnoreSpec.from_lines((ROOT / ".dvcignore").read_text().splitlines())
    paths, config = Layout(profile), load(ROOT / "params.yaml", profile=profile)
    datasets = [*config.datasets.values(), "glyphs"]
    made = [*(f"{raw(name)}.sha256" for name in datasets), *(paths.prepared(name) for name in datasets), paths.metrics]
    made += [paths.model(name, "n_vae", 0) / "weights.safetensors" for name in datasets]
    made += [paths.run_table("kl", name, "n_vae", 0) for name in datasets]
    made += [paths.table(table) for table in TABLES]
    made += [paths.arrays("posteriors", name, "n_vae") for name in datasets]
    made += [paths.figures / f"{figure.name}.pdf" for figure in FIGURES]
    made += [paths.release(name, "n_vae") / "model.json" for name in datasets]
    made += [paths.claims, paths.run_table("calibration", "dial", "n_vae", 0)]
    for path in made:
        record = f".snakemake/metadata/{urlsafe_b64encode(str(path).encode()).decode()}"
        # All profiles share the raw files, and profile paper also uses the built-in sets.
        assert ignore.match_file(record) == (profile != "paper" and not str(path).startswith("data/raw/")), path
