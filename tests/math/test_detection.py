"""Detection on made-up ladders, whose shares are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nvae.cli import main
from nvae.errors import UserError
from nvae.measures.detection import NOT_DETECTED, UNDECIDED, YES, detect
from nvae.rng import numpy_generator
from nvae.tables.schemas import TABLES

SIZES = (4, 8, 16)
AT = {"class_weight": 2.0, "likelihood": "bernoulli"}
PARAMS = Path(__file__).parents[2] / "params.yaml"


def ladder(
    shares: dict[int, list[float]] | list[float],
    *,
    least: tuple[float, ...] = (0.0, 0.0, 0.0),
    own: float = 0.05,
    seeds: tuple[int, ...] = (0, 1, 2),
    noise: float = 0.002,
    dataset: str = "glyphs",
    stream: int = 0,
) -> pd.DataFrame:
    """Return a ladder with these shares per class, at each size or at all.

    Args:
        shares: Specific share of each class.
        least: KL of the least shared dimension at each size.
        own: KL of the own block.
        seeds: Seeds.
        noise: Standard deviation of a share between seeds.
        dataset: Name of the data set.
        stream: Number of the random stream of the noise.
    """
    rng = numpy_generator(stream, "ladder", dataset)
    rows: list[dict[str, object]] = []
    for size, low in zip(SIZES, least, strict=True):
        for seed in seeds:
            for split in ("validation", "test"):
                head = {"dataset": dataset, "model": "n_vae", "seed": seed, "shared_dims": size, **AT, "split": split}
                whole = {"kl_own_nats": own, "least_shared_kl_nats": low}
                rows += [{**head, "image_class": -1, "metric": key, "value": value} for key, value in whole.items()]
                of_size = shares[size] if isinstance(shares, dict) else shares
                for label, share in enumerate(of_size):
                    found = {"total_nats": 10.0, "specific_nats": 10 * (share + rng.normal(0, noise))}
                    rows += [{**head, "image_class": label, "metric": key, "value": v} for key, v in found.items()]
    return pd.DataFrame(rows)[list(TABLES["ladder"].names)]


def nulls(level: float = 0.1, **options: object) -> list[pd.DataFrame]:
    names = ("glyphs_marked", "glyphs_clone")
    return [ladder([level] * 3, dataset=name, **options) for name in names]  # type: ignore[arg-type]


def verdicts(found: pd.DataFrame) -> list[str]:
    return found.drop_duplicates("image_class").sort_values("image_class")["verdict"].tolist()


def test_a_class_is_compared_with_the_nulls_at_two_sizes() -> None:
    found, sizes = detect(ladder([0.4, 0.11, 0.15]), nulls(), **AT)
    assert verdicts(found) == [YES, NOT_DETECTED, UNDECIDED]
    assert sizes == "The smallest size at which the reading is valid is d_s = 4; the next one is 8."
    assert found["shared_dims"].tolist() == [4, 4, 4, 8, 8, 8]
    assert found["excess"].to_numpy() == pytest.approx([0.3, 0.01, 0.05] * 2, abs=0.005)
    assert ((found["low"] < found["excess"]) & (found["excess"] < found["high"])).all()


def test_both_sizes_have_to_agree() -> None:
    found, _ = detect(ladder({4: [0.4, 0.1], 8: [0.1, 0.1], 16: [0.4, 0.4]}), nulls(), **AT)
    assert verdicts(found) == [UNDECIDED, NOT_DETECTED]


def test_the_smallest_valid_size_is_used() -> None:
    found, sizes = detect(ladder([0.4, 0.1], least=(1.0, 0.05, 0.0)), nulls(), **AT)
    assert verdicts(found) == [YES, NOT_DETECTED]
    assert sizes.endswith("is d_s = 8; the next one is 16.")


def test_at_the_largest_size_alone_nothing_is_decided() -> None:
    found, sizes = detect(ladder([0.4, 0.1], least=(1.0, 1.0, 0.0)), nulls(), **AT)
    assert verdicts(found) == [UNDECIDED, UNDECIDED]
    assert "larger ones are needed" in sizes


@pytest.mark.parametrize(
    ("options", "of_nulls", "reason"),
    [
        ({"least": (1.0, 1.0, 1.0)}, {}, "(spare: never)"),
        ({}, {"own": 6.0}, "(quiet: never)"),
    ],
)
def test_without_a_valid_size_nothing_is_decided(
    options: dict[str, object], of_nulls: dict[str, object], reason: str
) -> None:
    found, sizes = detect(ladder([0.4, 0.1], **options), nulls(**of_nulls), **AT)  # type: ignore[arg-type]
    assert found.empty
    assert reason in sizes


def test_one_seed_has_no_limits_and_decides_nothing() -> None:
    found, _ = detect(ladder([0.9, 0.1], seeds=(0,)), nulls(), **AT)
    assert found["low"].isna().all()
    assert verdicts(found) == [UNDECIDED, UNDECIDED]


def test_the_null_with_the_larger_share_counts() -> None:
    loud = [ladder([0.1] * 2, dataset="glyphs_marked"), ladder([0.38] * 2, dataset="glyphs_clone")]
    found, _ = detect(ladder([0.4, 0.1]), loud, **AT)
    assert verdicts(found) == [NOT_DETECTED, NOT_DETECTED]


@pytest.mark.parametrize("noise", [0.002, 0.1])
def test_on_nulls_few_classes_are_false_alarms(noise: float) -> None:
    """Shares at the level of the nulls, however uncertain: at most 5 % of classes, here of 200."""
    alarms = []
    for number in range(20):
        data = ladder([0.1] * 10, noise=noise, stream=number)
        found, _ = detect(data, nulls(noise=noise, stream=number), **AT)
        alarms += [verdict == YES for verdict in verdicts(found)]
    assert np.mean(alarms) <= 0.05


def test_missing_seeds_and_settings_are_errors() -> None:
    with pytest.raises(UserError, match="ladder of glyphs_marked: got seeds 0, expected those of glyphs: 0, 1, 2"):
        detect(ladder([0.4]), nulls(seeds=(0,)), **AT)
    with pytest.raises(UserError, match="no rows of λ = 4, bernoulli"):
        detect(ladder([0.4]), nulls(), class_weight=4.0, likelihood="bernoulli")


def test_the_verb_reads_the_ladders_of_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["detect", "glyphs", "--profile", "smoke", "--params", str(PARAMS), "--out", "found.csv"]
    assert main(command) == 2
    assert "snakemake --cores 2 -- results/smoke/runs/ladder/glyphs/n_vae/seed0.csv" in capsys.readouterr().err
    for table in (ladder([0.4, 0.1], seeds=(0,)), *nulls(seeds=(0,))):
        path = Path(f"results/smoke/runs/ladder/{table['dataset'].iloc[0]}/n_vae/seed0.csv")
        path.parent.mkdir(parents=True)
        table.to_csv(path, index=False)
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The smallest size at which the reading is valid is d_s = 4; the next one is 8."
    assert lines[1].startswith("class 0: undecided; excess of the specific share, d_s = 4: +0.30")
    assert lines[-1] == "2 classes: 2 undecided; 1 seed"
    assert pd.read_csv("found.csv")["verdict"].tolist() == [UNDECIDED] * 4
