"""``nvae prune`` finds results that the configuration no longer names, and no others."""

import shutil
from pathlib import Path

import pytest
import yaml

from nvae.cli import main

PARAMS = Path(__file__).parents[2] / "params.yaml"
RESULTS = Path("results/smoke")
KEPT = (
    "models/glyphs/n_vae/seed0/weights.safetensors",
    "models/glyphs/n_vae/seed0.meta.json",
    "runs/kl/glyphs/n_vae/seed0.csv",
    "checkpoints/glyphs/n_vae/seed0.safetensors",
    "tables/kl.csv",
    "tables/traversals/glyphs-n_vae-class.npz",
    "tables/samples/glyphs-n_vae.npz",
    "models/glyphs/n_vae/notes.txt",
)
UNUSED = (
    "arms/glyphs/cvae/seed10/sigma1.0-share0.5.json",
    "checkpoints/glyphs/n_vae/seed1.safetensors",
    "models/glyphs/n_vae/seed1/weights.safetensors",
    "models/glyphs/n_vae/seed1.meta.json",
    "models/glyphs/gone/seed0/weights.safetensors",
    "runs/kl/gone/n_vae/seed0.csv",
    "tables/samples/glyphs-gone.npz",
    "tables/samples/glyphs-gone.npz.meta.json",
    "tables/traversals/gone-n_vae-class.npz",
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, "params.yaml")
    for name in (*KEPT, *UNUSED):
        (RESULTS / name).parent.mkdir(parents=True, exist_ok=True)
        (RESULTS / name).write_text("", encoding="utf-8")
    return tmp_path


def files() -> set[str]:
    return {path.relative_to(RESULTS).as_posix() for path in RESULTS.rglob("*") if path.is_file()}


def test_unused_results_are_listed_and_only_deleted_on_request(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", "--profile", "smoke"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == len(UNUSED) + 1
    assert listed[-1].startswith(f"{len(UNUSED)} to delete")
    assert files() == {*KEPT, *UNUSED}
    assert main(["prune", "--profile", "smoke", "--delete"]) == 0
    assert files() == set(KEPT)
    capsys.readouterr()
    assert main(["prune", "--profile", "smoke"]) == 0
    assert capsys.readouterr().out == "nothing to prune\n"


def test_other_profiles_are_not_changed(results: Path) -> None:
    assert main(["prune", "--profile", "demo", "--delete"]) == 0
    assert files() == {*KEPT, *UNUSED}


def test_a_seed_that_is_added_is_kept(results: Path) -> None:
    content = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    content["profiles"]["smoke"]["seeds"] = [0, 1, 10]
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(["prune", "--profile", "smoke", "--delete"]) == 0
    assert files() == {*KEPT, *UNUSED[:4]}
