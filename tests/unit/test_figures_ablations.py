"""Figures S5 and S6: they plot the numbers of the ablation, one column per data set, and report missing rows."""

import importlib

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy import stats

from nvae import figures
from nvae.errors import UserError
from nvae.plotting import ablations, style
from nvae.tables.needs import CLASS_BIAS, CLASS_WEIGHT
from tests.unit.figure_world import drawn, tables_of, words
from tests.unit.supplement_world import WEIGHTS

DATASETS = ("glyphs", "garments", "yale_b")
KL = {
    "kl_own_nats": style.OWN_BLOCK,
    "kl_shared_nats": style.SHARED,
    "kl_off_class_nats": style.OTHER_BLOCKS,
}
BLACK = style.MODEL_COLOURS["n_vae"]


def table_of(name: str, *, n_seeds: int = 3) -> pd.DataFrame:
    return tables_of(name, n_seeds=n_seeds)["ablation"]


def values(table: pd.DataFrame, dataset: str, metric: str) -> pd.DataFrame:
    """Return one row per variant, in their order, and one column per seed."""
    rows = table[(table["dataset"] == dataset) & (table["metric"] == metric)]
    return rows.pivot_table("value", "model", "seed", sort=False)


def line_of(axes: Axes, colour: str) -> Line2D:
    (line,) = [line for line in axes.lines if line.get_color() == colour and line.get_linewidth() == 1]
    return line


def dots_of(axes: Axes, colour: str) -> list[float]:
    found = [line for line in axes.lines if line.get_color() == colour and line.get_linestyle() == "None"]
    return sorted(y for line in found for y in line.get_ydata())


def joins(axes: Axes) -> list[list[float]]:
    return sorted(line.get_ydata().tolist() for line in axes.lines if len(line.get_xdata()) == 2)


@pytest.mark.parametrize("column", range(3))
def test_each_line_of_s5_is_a_metric_over_lambda(column: int) -> None:
    table = table_of("supp05")
    panels = drawn("supp05", {"ablation": table}).axes[column::3]
    expected = {(0, metric, colour): values(table, DATASETS[column], metric) for metric, colour in KL.items()}
    bound = values(table, DATASETS[column], "negative_bound_nats")
    expected[1, "negative_bound_nats", BLACK] = bound - bound.loc["n_vae_lambda1"]
    expected[2, "accuracy_pct", BLACK] = values(table, DATASETS[column], "accuracy_pct")
    for (row, _, colour), found in expected.items():
        axes = panels[row]
        np.testing.assert_allclose(line_of(axes, colour).get_xdata(), WEIGHTS)
        np.testing.assert_allclose(line_of(axes, colour).get_ydata(), found.mean(axis=1), atol=1e-12)
        np.testing.assert_allclose(dots_of(axes, colour), np.sort(found.to_numpy().ravel()), atol=1e-12)
        (band,) = [
            band
            for band in axes.collections
            if tuple(band.get_facecolor()[0][:3]) == to_rgba(colour)[:3] and band.get_alpha()
        ]
        outline = band.get_paths()[0].vertices
        low, high = stats.t.interval(0.95, 2, loc=found.mean(axis=1), scale=stats.sem(found, axis=1) + 1e-15)
        at = outline[np.isclose(outline[:, 0], 4.0), 1]
        assert (at.min(), at.max()) == pytest.approx((low[3], high[3]))


def test_s5_has_a_logarithmic_axis_and_marks_where_the_papers_condition_fails() -> None:
    table = table_of("supp05")
    for axes in drawn("supp05", {"ablation": table}).axes:
        assert axes.get_xscale() == "log"
        assert axes.xaxis.get_transform().base == 2
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "1.5", "2", "4", "8"]
        (span,) = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert span.get_x() == axes.get_xlim()[0]
        assert span.get_x() + span.get_width() == pytest.approx(np.sqrt(1.5))
    allowed = table.assign(class_weight=table["class_weight"] + 0.5)
    figure = drawn("supp05", {"ablation": allowed})
    assert not [patch for axes in figure.axes for patch in axes.patches]
    assert "change from λ = 1.5" in words(figure)


@pytest.mark.parametrize("column", range(3))
def test_each_bar_of_s6_is_the_mean_of_a_block_and_lines_join_seeds(column: int) -> None:
    table = table_of("supp06")
    above, below = drawn("supp06", {"ablation": table}).axes[column::3]
    bars = {(tuple(bar.get_facecolor()), bar.get_height()) for bar in above.patches}
    expected, pairs = set(), []
    for metric, colour in KL.items():
        found = values(table, DATASETS[column], metric)
        for variant, fill in (("n_vae", colour), ("n_vae_no_bias", style.NO_BIAS)):
            expected.add((to_rgba(fill), found.loc[variant].mean()))
        pairs += found.T[["n_vae", "n_vae_no_bias"]].to_numpy().tolist()
    assert {(colour, round(height, 9)) for colour, height in bars} == {(c, round(h, 9)) for c, h in expected}
    places = [bar.get_x() + bar.get_width() / 2 for bar in sorted(above.patches, key=lambda bar: bar.get_x())]
    np.testing.assert_allclose(places, [-0.2, 0.2, 0.8, 1.2, 1.8, 2.2])
    np.testing.assert_allclose(joins(above), sorted(pairs))
    bound = values(table, DATASETS[column], "negative_bound_nats")
    change = bound.loc["n_vae_no_bias"] - bound.loc["n_vae"]
    (mark,) = [line for line in below.lines if line.get_markersize() > 3 and line.get_marker() == "o"]
    assert mark.get_xdata().tolist() == pytest.approx([change.mean()])
    (whisker,) = [line for line in below.lines if line.get_linewidth() == 0.7]
    assert whisker.get_xdata() == pytest.approx(stats.t.interval(0.95, 2, loc=change.mean(), scale=stats.sem(change)))
    low, high = below.get_xlim()
    assert low < 0 < high


@pytest.mark.parametrize("name", ["supp05", "supp06"])
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_intervals_and_dots_need_more_than_one_seed(name: str, n_seeds: int) -> None:
    figure = drawn(name, {"ablation": table_of(name, n_seeds=n_seeds)})
    bands = [band for axes in figure.axes for band in axes.collections if band.get_alpha()]
    bars = [c for axes in figure.axes for c in axes.containers if isinstance(c, ErrorbarContainer)]
    assert (len(bands), len(bars)) == ({"supp05": (15, 0), "supp06": (0, 18)}[name] if n_seeds > 1 else (0, 0))
    assert ("95 % t interval of the mean over seeds" in words(figure)) == (n_seeds > 1)
    assert ("one seed" in words(figure)) == (n_seeds > 1)
    assert ("n = 1 seed, no interval" in words(figure)) == (n_seeds == 1)
    dots = [
        line for axes in figure.axes for line in axes.lines if line.get_markersize() == 1.6 and line.get_xdata().size
    ]
    assert bool(dots) == (n_seeds > 1)


def test_unequal_numbers_of_seeds_are_stated() -> None:
    for name, label in (("supp05", "n = 1 to 3 seeds"), ("supp06", "(c) Yale B, n = 1 seed, no interval")):
        table = table_of(name)
        assert label in words(drawn(name, {"ablation": table[(table["dataset"] != "yale_b") | (table["seed"] == 0)]}))


@pytest.mark.parametrize("name", ["supp05", "supp06"])
@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("dataset == 'garments'", r"data sets glyphs, yale_b, expected one for each of digits, fashion, faces"),
        ("dataset == 'garments' and model == '{last}'", "garments, {first}: .* expected also model {last}"),
        (
            "dataset == 'yale_b' and model == '{last}' and metric == 'negative_bound_nats'",
            "yale_b, {last}: .* expected also metric negative_bound_nats",
        ),
        (
            "dataset == 'yale_b' and model == '{last}' and metric == 'kl_own_nats' and seed == 1",
            "kl_own_nats of yale_b, {last}: got seeds 0, 2, expected those of {first}: 0, 1, 2",
        ),
    ],
)
def test_missing_rows_are_reported(name: str, lacking: str, message: str) -> None:
    variants = {"supp05": CLASS_WEIGHT, "supp06": CLASS_BIAS}[name].variants
    ends = {"first": variants[0], "last": variants[-1]}
    table = table_of(name)
    with pytest.raises(UserError, match=message.format(**ends)):
        drawn(name, {"ablation": table.drop(table.query(lacking.format(**ends)).index)})


def test_every_seed_is_visible_and_the_axis_of_accuracies_ends_near_100() -> None:
    table = table_of("supp05", n_seeds=8)
    perfect = table["value"].where(table["metric"] != "accuracy_pct", 100.0)
    # Seven seeds are similar and one is far off, outside the interval of the mean.
    far = perfect.where((table["seed"] != 7) | (table["metric"] == "accuracy_pct"), perfect + 50)
    for axes in drawn("supp05", {"ablation": table.assign(value=far)}).axes:
        low, high = axes.get_ylim()
        dots = [y for line in axes.lines if line.get_markersize() == 1.6 for y in line.get_ydata()]
        assert low < min(dots) <= max(dots) < high
        assert min(dots) < 100 or 100 < high < 101


def test_differences_are_taken_within_a_seed() -> None:
    points = pd.DataFrame({
        "model": ["n_vae", "n_vae", "n_vae_no_bias", "n_vae_no_bias"],
        "seed": [0, 1, 1, 0],
        "value": [5.0, 7.0, 8.0, 9.0],
    })  # fmt: skip
    assert ablations.differences(points, CLASS_BIAS)["value"].tolist() == [0.0, 0.0, 1.0, 4.0]


def test_panels_have_letters_in_reading_order() -> None:
    names = ("built-in glyphs", "built-in garments", "Yale B")

    def titles(figure: Figure) -> list[str]:
        return [axes.get_title(loc="left") for axes in figure.axes]

    s5, s6 = (drawn(name, tables_of(name)) for name in ("supp05", "supp06"))
    assert titles(s5) == [f"({'abcdefghi'[place]}) {names[place % 3]}" for place in range(9)]
    assert titles(s6) == [
        *(f"({letter}) {name}, n = 3 seeds" for letter, name in zip("abc", names, strict=True)),
        *(f"({letter}) {name}" for letter, name in zip("def", names, strict=True)),
    ]


@pytest.mark.parametrize("name", ["supp05", "supp06"])
def test_the_caption_has_the_numbers_of_the_first_and_the_last_variant(name: str) -> None:
    module = importlib.import_module(figures.find(name).module)
    table = table_of(name, n_seeds=1)
    head, *items = module.numbers({"ablation": table}).splitlines()
    assert (
        head
        == {
            "supp05": "Means at λ = 1 → 8; n = 1 seed, no interval",
            "supp06": "Means with → without the class bias; n = 1 seed, no interval",
        }[name]
    )
    for dataset, item in zip(DATASETS, items, strict=True):
        ends = {metric: values(table, dataset, metric)[0].iloc[[0, -1]] for metric in table["metric"].unique()}
        own, shared, others, accuracy = (
            " → ".join(f"{value:.3g}" for value in ends[metric]) for metric in (*KL, "accuracy_pct")
        )
        change = ends["negative_bound_nats"].diff().iloc[-1]
        assert item.partition(": ")[2] == (
            f"KL of the own block {own} nat, shared {shared} nat, other blocks {others} nat; "
            f"change of the negative bound {change:.3g} nat"
            + (f"; label accuracy {accuracy} %" if name == "supp05" else "")
        )
    whole = table_of(name)
    fewer = whole[(whole["dataset"] != "yale_b") | (whole["seed"] == 0)]
    assert "n = 1 to 3 seeds; ±" in module.numbers({"ablation": fewer})
