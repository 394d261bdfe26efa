"""Parts of figures: summaries of the KL over seeds, grids of images, labels of latent values, style."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nvae.plotting import grids, intervals, kl, style
from nvae.tables.schemas import TABLES


@pytest.fixture
def table() -> pd.DataFrame:
    """Return a KL table of two classes with 1 and 3 images, two dimensions per block and shared, and two seeds."""
    nats = {  # (seed, image class) -> block 0, block 1, shared
        (0, 0): ([1.0, 4.0], [0.1, 0.2], [2.0, 6.0]),
        (0, 1): ([0.3, 0.1], [5.0, 2.0], [4.0, 2.0]),
        (1, 0): ([3.0, 2.0], [0.0, 0.0], [8.0, 0.0]),
        (1, 1): ([0.0, 0.0], [1.0, 1.0], [4.0, 4.0]),
    }
    rows = []
    for (seed, k), blocks in nats.items():
        for block, values in enumerate(blocks):
            kind, latent_class = ("shared", -1) if block == 2 else ("class", block)
            for dim, value in enumerate(values):
                rows.append(("toy", "n_vae", seed, "test", k, f"c{k}", (1, 3)[k], kind, latent_class, dim, value))
    return pd.DataFrame(rows, columns=TABLES["kl"].names)


def test_own_block_is_ranked_within_each_seed_and_class(table: pd.DataFrame) -> None:
    own = kl.own_block(table)
    ranked = {key: group["kl_nats"].tolist() for key, group in own.groupby(["seed", "image_class"])}
    assert ranked == {(0, 0): [4.0, 1.0], (0, 1): [5.0, 2.0], (1, 0): [3.0, 2.0], (1, 1): [1.0, 1.0]}
    assert own["rank"].tolist() == [1, 2] * 4


def test_shared_dimensions_are_averaged_over_images_before_ranking(table: pd.DataFrame) -> None:
    shared = kl.shared(table)
    # Seed 0: dim 0 = (2 + 3·4) / 4 = 3.5, dim 1 = (6 + 3·2) / 4 = 3; seed 1: 5 and 3.
    assert shared["kl_nats"].tolist() == [3.5, 3.0, 5.0, 3.0]


def test_totals_weigh_classes_by_images_and_add_up(table: pd.DataFrame) -> None:
    totals = kl.totals(table).set_index(["seed", "part"])["kl_nats"]
    assert totals[0, kl.OWN] == pytest.approx((5 + 3 * 7) / 4)
    assert totals[0, kl.OTHER] == pytest.approx((0.3 + 3 * 0.4) / 4)
    assert totals[0, kl.SHARED] == pytest.approx((8 + 3 * 6) / 4)
    assert totals[1].sum() == pytest.approx((13 + 3 * 10) / 4)


def test_the_interval_is_students(table: pd.DataFrame) -> None:
    values = np.array([1.0, 4.0, 2.5, 3.0])
    frame = pd.DataFrame({"seed": range(4), "part": "a", "kl_nats": values})
    summary = intervals.over_seeds(frame, ["part"], "kl_nats").iloc[0]
    low, high = stats.t.interval(0.95, 3, loc=values.mean(), scale=stats.sem(values))
    assert (summary["mean"] - summary["half"], summary["mean"] + summary["half"]) == pytest.approx((low, high))


def test_one_seed_has_no_interval(table: pd.DataFrame) -> None:
    summary = intervals.over_seeds(kl.shared(table[table["seed"] == 0]), ["rank"], "kl_nats")
    assert summary["half"].isna().all()
    assert summary["n"].tolist() == [1, 1]


def test_tiles_are_in_rows_and_a_lost_class_is_underlined() -> None:
    images = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1)
    kept = np.array([[True, True, True], [True, False, True]])
    canvas = grids.tile(images, kept)
    assert canvas.shape == (6, 7, 3)
    assert canvas[::3, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    red = np.argwhere((canvas[..., 0] == 0xD5) & (canvas[..., 2] == 0))
    assert red.tolist() == [[4, 3], [5, 3]]


@pytest.mark.parametrize(
    ("tile_width", "expected"),
    [(0.1, "−1    1"), (0.2, "−1  0  1"), (0.3, "−1 −0.5 0 0.5 1")],
)
def test_narrow_tiles_get_fewer_values(tile_width: float, expected: str) -> None:
    values = np.array([-1, -0.5, 0, 0.5, 1]) if tile_width > 0.15 else np.array([-1, -0.4, 0.1, 0.5, 1])
    assert " ".join(grids.value_labels(values, tile_width)) == expected


def test_drawing_ignores_and_keeps_the_callers_settings() -> None:
    seen = {}

    @style.styled
    def draw() -> mpl.figure.Figure:
        seen["size"] = mpl.rcParams["font.size"]
        return style.new_figure(style.SINGLE, 1.0)

    with mpl.rc_context({"font.size": 33}):
        draw()
        assert mpl.rcParams["font.size"] == 33
    assert seen["size"] == style.FONT
