"""Figures S7 and S8: marks and lines show the numbers of the factor tables, and missing rows are reported."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from nvae.errors import UserError
from nvae.figures import supp07_known_factors, supp08_calibration
from nvae.plotting import marks, style
from nvae.tables.needs import CALIBRATION, ENCODERS, KNOWN
from tests.unit.figure_world import drawn, tables_of, words
from tests.unit.supplement_world import OWN_FACTORS, SCORES, factors_of

SOURCES = {
    "shared": (style.SHARED, -0.27),
    "own": (style.OWN_BLOCK, 0.0),
    "others": (style.OTHER_BLOCKS, 0.27),
}
LEVELS = range(7)
AT = "exclusive_factors =="
ENDS = (0, 3, 6)
SHARES = [k / 6 for k in LEVELS]
N_VAE = style.MODEL_COLOURS["n_vae"]


@pytest.fixture(scope="module")
def s7() -> Figure:
    return drawn("supp07", tables_of("supp07"))


@pytest.fixture(scope="module")
def s8() -> Figure:
    return drawn("supp08", tables_of("supp08"))


def marks_of(axes: Axes, colour: str) -> dict[float, Line2D]:
    """Return the marks of one colour by their vertical position."""
    found = [
        line for line in axes.lines if line.get_markersize() == marks._SIZE and line.get_markeredgecolor() == colour
    ]
    return {round(float(line.get_ydata()[0]), 6): line for line in found}


def line_of(axes: Axes, look: tuple[str, str]) -> Line2D:
    (line,) = [
        line for line in axes.lines if (line.get_color(), line.get_marker()) == look and line.get_linewidth() == 1
    ]
    return line


def numbers(table: pd.DataFrame, **wanted: str) -> pd.Series:
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table["value"]


@pytest.mark.parametrize(("panel", "role"), list(enumerate(KNOWN)))
def test_each_factor_has_a_row_and_each_source_a_mark(s7: Figure, panel: int, role: str) -> None:
    table = tables_of("supp07")[f"{role}_n_vae"]
    axes = s7.axes[panel]
    known = factors_of(role)
    names = [label.get_text() for label in axes.get_yticklabels()]
    shared, own = OWN_FACTORS[role]
    expected = ["of all classes", *shared.split(), *(["of one class", *own.split()] if own else [])]
    assert names == [name.removesuffix("_deg").replace("_", " ") for name in expected]
    clipped = 0
    for source, (colour, shift) in SOURCES.items():
        found = marks_of(axes, colour)
        assert len(found) == len(known)
        for name, _, _ in known:
            values = numbers(table, factor=name, codes=source, metric="r2")
            mark = found[round(expected.index(name) + shift, 6)]
            assert mark.get_xdata()[0] == pytest.approx(max(values.mean(), -0.1))
            assert (mark.get_marker() == "<") == (values.mean() < -0.1)
            clipped += values.mean() < -0.1
    assert clipped
    assert axes.get_xlim()[0] < -0.1
    assert "below −0.1, drawn there" in words(s7)


@pytest.mark.parametrize(("panel", "role"), list(enumerate(KNOWN, start=3)))
def test_each_score_has_a_row_and_each_model_a_mark(s7: Figure, panel: int, role: str) -> None:
    loaded = tables_of("supp07")
    for place, model in enumerate(ENCODERS):
        found = marks_of(s7.axes[panel], style.MODEL_COLOURS[model])
        for row, score in enumerate(SCORES):
            values = numbers(loaded[f"{role}_{model}"], metric=score)
            mark = found[round(row + 0.28 * (place - 1), 6)]
            assert mark.get_xdata()[0] == pytest.approx(values.mean())
            assert mark.get_marker() == style.MODEL_MARKERS[model]
    names = [label.get_text() for label in s7.axes[3].get_yticklabels()]
    assert names == ["MIG", "SAP", "DCI disentanglement", "DCI completeness", "DCI informativeness", "modularity"]


def test_a_row_has_students_interval_and_one_dot_per_seed() -> None:
    for values, least in (([0.2, 0.5, 0.3], None), ([-0.3, 0.3, 0.1], -0.1)):
        axes = style.new_figure(style.SINGLE, 1).subplots()
        marks.draw_row(axes, pd.Series(values), 2, colour=style.INK, below=0.25, least=least)
        interval, dots, mean = axes.lines
        bounds = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
        floor = -np.inf if least is None else least
        assert interval.get_xdata() == pytest.approx(np.maximum(bounds, floor))
        assert dots.get_xdata() == pytest.approx(np.maximum(values, floor))
        assert set(dots.get_ydata()) == {2.25}
        assert (mean.get_xdata()[0], mean.get_ydata()[0]) == (pytest.approx(np.mean(values)), 2)
    axes = style.new_figure(style.SINGLE, 1).subplots()
    marks.draw_row(axes, pd.Series([0.2]), 0, colour=style.INK)
    assert len(axes.lines) == 1


def test_the_detected_share_is_plotted_over_the_true_share(s8: Figure) -> None:
    loaded = tables_of("supp08")
    axes = s8.axes[0]
    line = line_of(axes, (N_VAE, "o"))
    np.testing.assert_allclose(line.get_xdata(), SHARES)
    expected = [numbers(loaded["dial_n_vae"], exclusive_factors=k, metric="kl_block_share").mean() for k in LEVELS]
    np.testing.assert_allclose(line.get_ydata(), expected)
    (diagonal,) = [line for line in axes.lines if line.get_color() == style.BASELINE]
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1/6", "1/3", "1/2", "2/3", "5/6", "1"]


@pytest.mark.parametrize("model", ENCODERS)
def test_every_model_has_a_line_of_its_class_specific_share(s8: Figure, model: str) -> None:
    loaded = tables_of("supp08")
    line = line_of(s8.axes[1], (style.MODEL_COLOURS[model], style.MODEL_MARKERS[model]))
    np.testing.assert_allclose(line.get_xdata(), SHARES)
    table = loaded[f"dial_{model}"]
    expected = [numbers(table, exclusive_factors=k, metric="kl_class_specific_share").mean() for k in LEVELS]
    np.testing.assert_allclose(line.get_ydata(), expected)


@pytest.mark.parametrize(
    ("kind", "source", "look", "levels"),
    [
        ("shared", "shared", (style.SHARED, "s"), slice(0, 6)),
        ("exclusive", "own", (style.OWN_BLOCK, "o"), slice(1, 7)),
        ("exclusive", "shared", (style.SHARED, "D"), slice(1, 7)),
    ],
)
def test_r2_is_a_mean_over_the_factors_of_a_kind(
    s8: Figure, kind: str, source: str, look: tuple[str, str], levels: slice
) -> None:
    loaded = tables_of("supp08")
    line = line_of(s8.axes[2], look)
    np.testing.assert_allclose(line.get_xdata(), SHARES[levels])
    table = loaded["dial_n_vae"]
    wanted = {"metric": "r2", "factor_kind": kind, "codes": source}
    expected = [numbers(table, exclusive_factors=k, **wanted).mean() for k in LEVELS[levels]]
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_each_condition_has_a_row_with_one_mark_per_share(s8: Figure) -> None:
    loaded = tables_of("supp08")
    axes = s8.axes[3]
    rows = {
        "as in (a)": "dial_n_vae",
        "few images": "dial_few_n_vae",
        "weak factors": "dial_weak_n_vae",
        "few shared dimensions": "dial_n_vae_few_shared",
        "many shared dimensions": "dial_n_vae_many_shared",
        "λ = 8": "dial_n_vae_lambda8",
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == list(rows)
    found = marks_of(axes, N_VAE)
    assert len(found) == 18
    for row, key in enumerate(rows.values()):
        for place, level in enumerate(ENDS):
            mark = found[round(row + 0.28 * (place - 1), 6)]
            expected = numbers(loaded[key], exclusive_factors=level, metric="kl_block_share").mean()
            assert mark.get_xdata()[0] == pytest.approx(expected)
            faces = mark.get_markerfacecolor(), mark.get_fillstyle()
            assert faces == (("white", "full"), (N_VAE, "left"), (N_VAE, "full"))[place]
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"] == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(("levels", "truths"), [((0, 3, 6), ["0", "1/2", "1"]), ((0, 6), ["0", "1"]), ((6,), ["1"])])
def test_a_dial_of_fewer_settings_shows_each_once(levels: tuple[int, ...], truths: list[str]) -> None:
    loaded = {key: table[table["exclusive_factors"].isin(levels)] for key, table in tables_of("supp08").items()}
    axes = drawn("supp08", loaded).axes[3]
    assert len(marks_of(axes, N_VAE)) == 6 * len(levels)
    legend = axes.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == [*(f"true share {truth}" for truth in truths), "true shares"]
    assert [line.get_fillstyle() for line in marks_of(axes, N_VAE).values()][-1] == "full"


@pytest.mark.parametrize("name", ["supp07", "supp08"])
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_intervals_and_dots_need_more_than_one_seed(name: str, n_seeds: int) -> None:
    figure = drawn(name, tables_of(name, n_seeds=n_seeds))
    dots = [line for axes in figure.axes for line in axes.lines if line.get_markersize() == 1.6]
    assert bool(dots) == (n_seeds > 1)
    assert ("95 % t interval of the mean over seeds, n = 3 seeds" in words(figure)) == (n_seeds > 1)
    assert ("n = 1 seed, no interval" in words(figure)) == (n_seeds == 1)


@pytest.mark.parametrize("name", ["supp07", "supp08"])
def test_unequal_numbers_of_seeds_are_stated(name: str) -> None:
    loaded = tables_of(name)
    key = {"supp07": "faces_n_vae", "supp08": "dial_weak_n_vae"}[name]
    loaded[key] = loaded[key][loaded[key]["seed"] == 0]
    figure = drawn(name, loaded)
    assert "mean over seeds, n = 1 to 3 seeds" in words(figure)
    assert name == "supp08" or "(c) N-VAE on built-in faces, n = 1 seed, no interval" in words(figure)


@pytest.mark.parametrize(
    ("name", "key", "lacking", "message"),
    [
        ("supp07", "glyphs_n_vae", "codes == 'others'", "glyphs, n_vae: .* expected also codes others"),
        ("supp07", "glyphs_n_vae", "metric == 'r2'", "glyphs, n_vae: .* expected also metric r2"),
        ("supp07", "garments_n_vae", "factor == 'coat_lapel' and codes == 'own'", "expected also codes own"),
        ("supp07", "faces_beta_vae", "metric == 'sap'", "faces, beta_vae: .* expected also metric sap"),
        ("supp08", "dial_n_vae", "metric == 'kl_block_share'", "dial, n_vae: .* expected also metric kl_block_share"),
        ("supp08", "dial_cvae", "metric == 'exclusive_share'", "dial, cvae: .* also metric exclusive_share"),
        ("supp08", "dial_n_vae", f"{AT} 4 and factor == 'class3_1' and codes == 'own' and seed == 1", "got 119 rows"),
        ("supp08", "dial_n_vae_lambda8", f"{AT} 3 and metric == 'kl_block_share'", "dial, n_vae_lambda8: .* kl_block"),
        ("supp08", "dial_few_n_vae", f"{AT} 0 and metric == 'kl_block_share'", "dial_few, n_vae: .* kl_block_share"),
    ],
)
def test_missing_rows_are_reported(name: str, key: str, lacking: str, message: str) -> None:
    loaded = tables_of(name)
    loaded[key] = loaded[key].drop(loaded[key].query(lacking).index)
    with pytest.raises(UserError, match=message):
        drawn(name, loaded)


def test_calibration_needs_every_table_once() -> None:
    keys = [need.key for need in CALIBRATION]
    assert len(keys) == len(set(keys)) == 3 + 3 + 2


def test_the_number_in_the_caption_is_spearmans_rho_of_the_mean_line() -> None:
    loaded = tables_of("supp08")
    means = [numbers(loaded["dial_n_vae"], exclusive_factors=k, metric="kl_block_share").mean() for k in LEVELS]
    assert supp08_calibration.rank_correlation(loaded) == pytest.approx(stats.spearmanr(SHARES, means).statistic)
    # Two neighbouring ranks of seven are exchanged: 1 − 6 · 2 / (7 · 48).
    table = loaded["dial_n_vae"]
    detected = table["metric"] == "kl_block_share"
    for level, other in ((2, 3), (3, 2)):
        rows = detected & (table["exclusive_factors"] == level)
        table = table.assign(value=table["value"].mask(rows, means[other]))
    loaded["dial_n_vae"] = table
    assert supp08_calibration.rank_correlation(loaded) == pytest.approx(1 - 12 / 336)
    assert supp08_calibration.numbers(loaded) == "Spearman's ρ of the line in (a): 0.96; n = 3 seeds"


def test_the_caption_has_the_mean_r2_of_each_kind_and_source() -> None:
    loaded = tables_of("supp07", n_seeds=1)
    head, *items = supp07_known_factors.numbers(loaded).splitlines()
    assert head == "N-VAE, held-out R², mean over factors; n = 1 seed, no interval"
    expected = []
    for role, dataset, kind, words_of_kind in (
        ("glyphs", "built-in glyphs", "shared", "of all classes"),
        ("glyphs", "built-in glyphs", "exclusive", "of one class"),
        ("garments", "built-in garments", "shared", "of all classes"),
        ("garments", "built-in garments", "exclusive", "of one class"),
        ("faces", "built-in faces", "shared", "of all classes"),
    ):
        z_s, own, others = (
            numbers(loaded[f"{role}_n_vae"], metric="r2", factor_kind=kind, codes=source).mean() for source in SOURCES
        )
        values = f"from z_s {z_s:.3g}, own block {own:.3g}, other blocks {others:.3g}"
        expected.append(f"{dataset}, factors {words_of_kind}: {values}")
    assert items == expected
