"""Figure 3: densities, points and numbers of the aggregate posterior."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from scipy import stats

from nvae.errors import UserError
from nvae.plotting import posteriors, style
from nvae.tables.reading import Arrays
from tests.unit.figure_world import aggregate_table, drawn, posterior_table, saved, tables_of, words

N_METRICS = 5


def densities(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if "between-class share 0" in words_in(axes)]


def planes(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if any(isinstance(c, PathCollection) for c in axes.collections)]


def words_in(axes: Axes) -> str:
    return "\n".join(text.get_text() for text in axes.findobj(matplotlib.text.Text))


@pytest.mark.parametrize(("dims", "panels", "plane"), [(1, 1, 0), (2, 2, 1), (5, 4, 1)])
def test_the_most_informative_dimensions_are_shown_in_their_order(dims: int, panels: int, plane: int) -> None:
    loaded = tables_of("fig03")
    loaded["n_vae_posterior"] = table = posterior_table("glyphs", "n_vae", dims=dims)
    figure = drawn("fig03", loaded)
    assert len(figure.axes) == 4 + 1 + panels + plane + N_METRICS
    assert f"{panels} of {dims} dimensions, by falling KL" in words(figure)
    shown = [words_in(axes) for axes in densities(figure)[4:]]
    assert len(shown) == panels
    for place, text in enumerate(shown):
        # The aggregate table has the share under the number of the original dimension: 0.1 · dim for seed 0.
        dim = table["dims"][place]
        assert f"dim {dim}, {table['kl_nats'][place]:.2f} nat\nbetween-class share {0.1 * dim:.2f}" in text


def test_each_density_has_area_1_and_is_where_its_class_is() -> None:
    loaded = tables_of("fig03")
    table = loaded["beta_vae_posterior"]
    axes = densities(drawn("fig03", loaded))[1]
    *classes, everything, prior = axes.lines
    assert [line.get_color() for line in classes] == list(style.CLASS_COLOURS)
    for line in axes.lines:
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1, abs=0.01)
    for k, line in enumerate(classes):
        values = table["z"][table["labels"] == k, 1]
        mean = np.trapezoid(line.get_xdata() * line.get_ydata(), line.get_xdata())
        assert mean == pytest.approx(values.mean(), abs=0.05)
    np.testing.assert_allclose(prior.get_ydata(), stats.norm.pdf(prior.get_xdata()))
    assert everything.get_color() == style.INK


def test_all_panels_hold_all_samples_and_have_one_scale() -> None:
    loaded = tables_of("fig03")
    figure = drawn("fig03", loaded)
    limits = {axes.get_xlim() for axes in densities(figure) + planes(figure)} | {a.get_ylim() for a in planes(figure)}
    ((low, high),) = limits
    assert low == -high
    assert high > max(np.abs(loaded[f"{model}_posterior"]["z"][:, :4]).max() for model in ("beta_vae", "n_vae"))


def test_all_classes_have_equally_many_points_and_the_file_is_small() -> None:
    loaded = tables_of("fig03")
    for model in ("beta_vae", "n_vae"):
        loaded[f"{model}_posterior"] = posterior_table("glyphs", model, n=10_000)
    figure = drawn("fig03", loaded)
    for axes in planes(figure):
        (points,) = axes.collections
        assert points.get_rasterized()
        colours, counts = np.unique(points.get_facecolor(), axis=0, return_counts=True)
        assert len(colours) == 10
        assert set(counts) == {300}
        assert [patch.radius for patch in axes.patches if isinstance(patch, Circle)] == [1, 2]
    assert len(saved(figure)[0]) < 300_000


def test_a_point_has_its_classs_colour() -> None:
    loaded = tables_of("fig03")
    table = loaded["beta_vae_posterior"]
    (points,) = planes(drawn("fig03", loaded))[0].collections
    rows = {tuple(z): k for z, k in zip(table["z"][:, :2].tolist(), table["labels"].tolist(), strict=True)}
    expected = [style.CLASS_COLOURS[rows[tuple(at)]] for at in points.get_offsets().astype(np.float32).tolist()]
    np.testing.assert_allclose(points.get_facecolor()[:, :3], [matplotlib.colors.to_rgb(c) for c in expected])


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_metrics_are_means_with_intervals_where_there_is_more_than_one_seed(n_seeds: int) -> None:
    loaded = tables_of("fig03", n_seeds=n_seeds)
    figure = drawn("fig03", loaded)
    strips = figure.axes[-N_METRICS:]
    titles = [axes.get_title(loc="left") for axes in strips]
    assert titles[0] == "(e) between-class share"
    assert titles[-1] == "(i) probe accuracy (%)"
    values = loaded["n_vae_aggregate"].query("metric == 'probe_accuracy_pct'")["value"]
    for axes in strips:
        bars = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
        assert len(bars) == (2 if n_seeds > 1 else 0)
        assert axes.get_xlim()[0] <= 0
    means = [line.get_xdata()[0] for line in strips[-1].lines if line.get_markersize() == 3]
    assert means[1] == pytest.approx(values.mean())
    text = words_in(strips[-1])
    if n_seeds == 1:
        assert f"N-VAE $z_s$: {values.mean():.3g}" in text
        assert "n = 1 seed, no interval" in words(figure)
    else:
        half = stats.sem(values) * stats.t.ppf(0.975, 2)
        assert f"N-VAE $z_s$: {values.mean():.0f} ± {half:.0f}" in text
        assert "95 % t interval of the mean over seeds, n = 3 seeds" in words(figure)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("metric", "mmd", "expected also metric mmd"),
        ("metric", "between_class_share", "expected also metric between_class_share"),
        ("dim", 2, "expected also dim 2"),
        ("seed", 0, "expected also seed 0"),
    ],
)
def test_an_aggregate_table_without_some_rows_is_rejected(column: str, value: object, message: str) -> None:
    loaded = tables_of("fig03")
    table = loaded["n_vae_aggregate"]
    assert isinstance(table, pd.DataFrame)
    loaded["n_vae_aggregate"] = table[table[column] != value]
    with pytest.raises(UserError, match=f"glyphs, n_vae: .* {message}"):
        drawn("fig03", loaded)


def test_more_classes_than_colours_are_rejected() -> None:
    loaded = tables_of("fig03")
    table: Arrays = loaded["beta_vae_posterior"]
    table["class_names"] = np.array([f"c{k}" for k in range(11)])
    with pytest.raises(UserError, match="got 11 classes, expected at most 10"):
        drawn("fig03", loaded)


def test_a_class_of_one_image_has_no_density() -> None:
    loaded = tables_of("fig03")
    table = loaded["beta_vae_posterior"]
    threes = np.flatnonzero(table["labels"] == 3)[1:]
    kept = {name: np.delete(table[name], threes, axis=0) for name in ("z", "labels")}
    loaded["beta_vae_posterior"] = table | kept
    axes = densities(drawn("fig03", loaded))[0]
    assert style.CLASS_COLOURS[3] not in [line.get_color() for line in axes.lines]
    assert len(axes.lines) == 11


def test_a_negative_squared_distance_is_visible() -> None:
    loaded = tables_of("fig03")
    table = aggregate_table("glyphs", "n_vae").query("split == 'test'")
    loaded["n_vae_aggregate"] = table.assign(value=table["value"].where(table["metric"] != "mmd", -0.01))
    low, high = drawn("fig03", loaded).axes[-3].get_xlim()
    assert low < -0.01
    assert high > 0


def test_round_robin_takes_every_class_in_turn() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    assert posteriors.round_robin(labels).tolist() == [0, 3, 4, 1, 5, 2]
