"""Figures over σ: their lines, bands and dots show the numbers of the tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy import stats

from nvae.errors import UserError
from nvae.plotting import style
from nvae.tables.needs import COMPARED, ENCODERS
from tests.unit.figure_world import BASELINE, SIGMAS, drawn, tables_of, words

OVER_SIGMA = {"fig09_augmentation": 4, "supp03_fidelity": 12, "supp04_augmentation_mixes": 6}
WITH_BASELINE = [name for name in OVER_SIGMA if name != "supp03_fidelity"]


def line_of(axes: Axes, model: str) -> Line2D:
    (line,) = [
        line for line in axes.lines if line.get_marker() == style.MODEL_MARKERS[model] and line.get_linewidth() == 1
    ]
    return line


def bands(axes: Axes) -> list[PolyCollection]:
    return [collection for collection in axes.collections if isinstance(collection, PolyCollection)]


def dots(axes: Axes, model: str) -> Line2D | None:
    colour = style.MODEL_COLOURS[model]
    found = [line for line in axes.lines if line.get_linestyle() == "None" and line.get_color() == colour]
    return found[0] if found else None


def dashed(axes: Axes) -> list[float]:
    return [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]


def without(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    for column, value in values.items():
        table = table[table[column] != value]
    return table


@pytest.mark.parametrize("name", OVER_SIGMA)
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_bands_and_dots_need_more_than_one_seed(name: str, n_seeds: int) -> None:
    figure = drawn(name, tables_of(name, n_seeds=n_seeds))
    assert len(figure.axes) == OVER_SIGMA[name]
    for axes in figure.axes:
        assert [len(line_of(axes, model).get_xdata()) for model in COMPARED] == [len(SIGMAS)] * 4
        assert len(bands(axes)) == (4 if n_seeds > 1 else 0)
        for model in COMPARED:
            assert (dots(axes, model) is not None) == (n_seeds > 1)
        spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(spans) == (n_seeds > 1 and name in WITH_BASELINE)
        assert len(dashed(axes)) == (name in WITH_BASELINE)
    assert ("95 % t interval of the mean over seeds, n = 3 seeds" in words(figure)) == (n_seeds == 3)
    assert ("n = 1 seed, no interval" in words(figure)) == (n_seeds == 1)


def test_unequal_numbers_of_seeds_are_stated() -> None:
    loaded = tables_of("fig09")
    loaded["fashion_cgan"] = without(loaded["fashion_cgan"], seed=1)
    assert "n = 2 to 3 seeds" in words(drawn("fig09", loaded))


@pytest.mark.parametrize("model", COMPARED)
@pytest.mark.parametrize(
    ("panel", "role", "share"), [(0, "digits", 0.5), (1, "fashion", 0.5), (2, "digits", 1.0), (3, "fashion", 1.0)]
)
def test_lines_bands_and_dots_are_the_tables_numbers(model: str, panel: int, role: str, share: float) -> None:
    loaded = tables_of("fig09")
    axes = drawn("fig09", loaded).axes[panel]
    table = loaded[f"{role}_{model}"]
    errors = table[table["generated_share"] == share].pivot_table("error_pct", "sigma", "seed")
    line = line_of(axes, model)
    np.testing.assert_allclose(line.get_xdata(), SIGMAS)
    np.testing.assert_allclose(line.get_ydata(), errors.mean(axis=1))
    marks = dots(axes, model)
    assert marks is not None
    np.testing.assert_allclose(np.sort(marks.get_ydata()), np.sort(errors.to_numpy().ravel()))
    (band,) = [b for b in bands(axes) if tuple(b.get_facecolor()[0][:3]) == to_rgba(style.MODEL_COLOURS[model])[:3]]
    outline = band.get_paths()[0].vertices
    low, high = stats.t.interval(0.95, 2, loc=errors.mean(axis=1), scale=stats.sem(errors, axis=1))
    for sigma, bounds in zip(SIGMAS, zip(low, high, strict=True), strict=True):
        at = outline[np.isclose(outline[:, 0], sigma), 1]
        assert (at.min(), at.max()) == pytest.approx(bounds)


@pytest.mark.parametrize("name", WITH_BASELINE)
def test_the_baseline_is_the_classifiers_test_error(name: str) -> None:
    figure = drawn(name, tables_of(name))
    for axes, dataset in zip(figure.axes, ["glyphs", "garments"] * 3, strict=False):
        assert dashed(axes) == [pytest.approx(BASELINE[dataset])]
        (span,) = axes.patches
        low, high = stats.t.interval(0.95, 2, loc=BASELINE[dataset], scale=stats.sem([-0.06, 0, 0.06]))
        assert (span.get_y(), span.get_y() + span.get_height()) == pytest.approx((low, high))


def test_without_any_error_the_axis_runs_from_zero_to_one() -> None:
    tables = tables_of("fig09")
    for key, table in tables.items():
        if key.endswith("baseline"):
            tables[key] = table.assign(value=table["value"].where(table["metric"] != "accuracy_pct", 100.0))
        else:
            tables[key] = table.assign(error_pct=0.0)
    for axes in drawn("fig09", tables).axes:
        assert axes.get_ylim() == (0.0, 1.0)


def test_figure_9_needs_the_share_of_one_generated_image_per_real_image() -> None:
    loaded = tables_of("fig09")
    loaded["fashion_ac_gan"] = without(loaded["fashion_ac_gan"], generated_share=0.5)
    with pytest.raises(UserError, match=r"garments, ac_gan: got generated_share 0\.25, 1\.0, expected also .* 0\.5"):
        drawn("fig09", loaded)


@pytest.mark.parametrize("name", WITH_BASELINE)
def test_a_classifier_without_accuracy_is_rejected(name: str) -> None:
    loaded = tables_of(name)
    loaded["digits_baseline"] = without(loaded["digits_baseline"], metric="accuracy_pct")
    with pytest.raises(UserError, match="expected also metric accuracy_pct"):
        drawn(name, loaded)


def test_figure_s4_has_one_row_per_share() -> None:
    loaded = tables_of("supp04")
    titles = [axes.get_title(loc="left") for axes in drawn("supp04", loaded).axes]
    assert titles == [
        f"({'abcdef'[2 * row + column]}) built-in {dataset}, {share}"
        for row, share in enumerate(("25 % generated", "50 % generated", "generated only"))
        for column, dataset in enumerate(("glyphs", "garments"))
    ]
    alone = {key: without(table, generated_share=0.25) for key, table in loaded.items() if "baseline" not in key}
    assert len(drawn("supp04", loaded | alone).axes) == 4
    loaded["digits_cvae"] = without(loaded["digits_cvae"], generated_share=0.25)
    with pytest.raises(UserError, match="glyphs, cvae: got generated_share"):
        drawn("supp04", loaded)


def test_many_shares_fit_a_page() -> None:
    loaded = tables_of("supp04")
    for key, table in loaded.items():
        if "baseline" not in key:
            copies = [table.assign(generated_share=share) for share in (0.1, 0.2, 0.3, 0.4, 0.6, 1.0)]
            loaded[key] = pd.concat(copies)
    figure = drawn("supp04", loaded)
    assert len(figure.axes) == 12
    assert figure.get_figheight() <= 9


@pytest.mark.parametrize(("metric", "column"), [("accuracy_pct", 0), ("recall", 3), ("coverage", 5)])
def test_figure_s3_has_one_column_per_metric(metric: str, column: int) -> None:
    loaded = tables_of("supp03")
    axes = drawn("supp03", loaded).axes[6 + column]
    table = loaded["fashion_ac_gan"]
    means = table[table["metric"] == metric].groupby("sigma")["value"].mean()
    np.testing.assert_allclose(line_of(axes, "ac_gan").get_ydata(), means)
    loaded["fashion_ac_gan"] = without(table, metric=metric)
    with pytest.raises(UserError, match=f"garments, ac_gan: .* expected also metric {metric}"):
        drawn("supp03", loaded)


def test_only_a_frechet_distance_of_wide_range_is_logarithmic() -> None:
    loaded = tables_of("supp03")
    for key in [key for key in loaded if key.startswith("fashion")]:
        narrow = loaded[key]["value"].where(loaded[key]["metric"] != "frechet_distance", 5.0)
        loaded[key] = loaded[key].assign(value=narrow)
    scales = [axes.get_yscale() for axes in drawn("supp03", loaded).axes]
    assert [place for place, scale in enumerate(scales) if scale == "log"] == [1]


def test_a_logarithmic_axis_has_plain_numbers() -> None:
    figure = drawn("supp03", tables_of("supp03"))
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels(which="both") if label.get_text()]
    assert labels
    assert all(float(text) > 0 for text in labels)


def test_models_have_colours_and_markers_without_another_meaning() -> None:
    others = {
        style.OWN_BLOCK,
        style.SHARED,
        style.OTHER_BLOCKS,
        style.NO_BIAS,
        style.WARNING,
        style.INK,
        style.BASELINE,
    }
    models = {*COMPARED, *ENCODERS}
    assert set(style.MODEL_COLOURS) == set(style.MODEL_MARKERS) == models
    assert len({*style.MODEL_COLOURS.values(), *others}) == len(models) + len(others)
    assert len(set(style.MODEL_MARKERS.values())) == len(models)
