"""A model copied under another variant's name has the files that training that variant would have written."""

from pathlib import Path

import pytest

from nvae.cli import main
from nvae.data.prepared import PreparedSet
from nvae.provenance.lineage import Hashes, differences, read_record
from tests.unit.wrong_world import make_project

MODELS = Path("results/smoke/models/glyphs")
#: Compared files, without throughput.csv, which depends on the machine.
FILES = ("weights.safetensors", "model.json", "history.csv")


@pytest.fixture(autouse=True)
def project(small_set: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train an N-VAE, whose λ on glyphs is 2."""
    make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    small_set.save(Path("set.npz"))
    assert train("n_vae") == 0


def train(variant: str, *more: str) -> int:
    return main(["train", "glyphs", "--variant", variant, "--profile", "smoke", "--data", "set.npz", *more])


def alias(variant: str, *more: str) -> int:
    return main(["alias", "glyphs", "--variant", variant, "--profile", "smoke", *more])


def test_an_alias_has_the_bytes_of_a_trained_model() -> None:
    assert alias("n_vae_lambda2") == 0
    assert train("n_vae_lambda2", "--out", "trained") == 0
    copied, trained = MODELS / "n_vae_lambda2/seed0", Path("trained")
    assert {name: (copied / name).read_bytes() for name in FILES} == {
        name: (trained / name).read_bytes() for name in FILES
    }
    assert (copied / "throughput.csv").read_bytes() == (MODELS / "n_vae/seed0/throughput.csv").read_bytes()
    assert differences(copied, Hashes()) == []
    record = read_record(copied)
    assert record.params == read_record(trained).params
    assert [source.path for source in record.inputs] == [MODELS / "n_vae/seed0"]


@pytest.mark.parametrize("variant", ["n_vae", "n_vae_lambda4"])
def test_a_variant_with_settings_of_its_own_is_refused(variant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert alias(variant, "--out", "copied") == 2
    assert f"Train it: nvae train glyphs --variant {variant} --seed 0." in capsys.readouterr().err
    assert not Path("copied").exists()


def test_a_model_with_other_settings_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("n_vae_lambda4", "--out", "other") == 0
    assert alias("n_vae_lambda2", "--model", "other", "--out", "copied") == 2
    assert "got a model that was trained with other settings" in capsys.readouterr().err
    assert alias("n_vae_lambda2", "--seed", "1", "--model", str(MODELS / "n_vae/seed0"), "--out", "copied") == 2
    assert not Path("copied").exists()


@pytest.mark.parametrize("content", [None, "no table", b"\xff"])
def test_a_damaged_model_is_refused(content: str | bytes | None, capsys: pytest.CaptureFixture[str]) -> None:
    history = MODELS / "n_vae/seed0/history.csv"
    history.unlink()
    if content is not None:
        history.write_bytes(content.encode() if isinstance(content, str) else content)
    assert alias("n_vae_lambda2", "--out", "copied") == 2
    assert capsys.readouterr().err.startswith(f"nvae: error: {history.parent}: got ")
    assert not Path("copied").exists()
