"""Contact sheets: each image is at the position of its model, class and σ."""

import matplotlib.text
import numpy as np
import pytest

from nvae.plotting import grids, style
from nvae.plotting.contact import contact_sheet
from nvae.tables.needs import COMPARED
from tests.unit.figure_world import drawn, sample_table, tables_of

SHEETS = {"supp01": "digits", "supp02": "fashion"}
N_SIGMAS = 5


@pytest.mark.parametrize("name", SHEETS)
def test_each_image_is_at_the_position_of_its_class_and_sigma(name: str) -> None:
    loaded = tables_of(name)
    for number, model in enumerate(COMPARED):
        table = loaded[f"{SHEETS[name]}_{model}"]
        sigma, k, sample = np.ogrid[:N_SIGMAS, :10, :4]
        code = 60 * number + 12 * sigma + k + 0 * sample
        # The third and the fourth sample of each class are not shown.
        code = np.where(sample < 2, code, 250)
        table["images"] = np.broadcast_to(code[..., None, None], table["images"].shape).astype(np.uint8)
    axes = drawn(name, loaded).axes
    assert len(axes) == 4 * N_SIGMAS
    step = 28 + grids.GAP
    for place, panel in enumerate(axes):
        number, sigma = divmod(place, N_SIGMAS)
        canvas = np.asarray(panel.images[0].get_array())[..., 0]
        assert canvas[5::step, 5::step].tolist() == [[60 * number + 12 * sigma + k for k in range(10)]] * 2


@pytest.mark.parametrize("name", SHEETS)
def test_panels_groups_and_columns_have_labels(name: str) -> None:
    figure = drawn(name, tables_of(name))
    dataset = {"supp01": "built-in glyphs", "supp02": "built-in garments"}[name]
    titles = [axes.get_title(loc="left") for axes in figure.axes[::N_SIGMAS]]
    models = ["N-VAE", "CVAE", "CGAN", "AC-GAN"]
    assert titles == [f"({'abcd'[i]}) {m} on {dataset}, n = 1 model (seed 0)" for i, m in enumerate(models)]
    assert [axes.get_yticklabels()[0].get_text() for axes in figure.axes[:N_SIGMAS]] == [
        "σ = 0.5", "σ = 1.125", "σ = 1.75", "σ = 2.375", "σ = 3"
    ]  # fmt: skip
    names = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in names] == sample_table(
        SHEETS[name].replace("digits", "glyphs").replace("fashion", "garments")
    )["class_names"].tolist()
    assert {label.get_rotation() for label in names} == {0.0 if name == "supp01" else 90.0}


@pytest.mark.parametrize("n_sigmas", [2, 9])
def test_a_sheet_fits_a_page_and_its_images_keep_their_shape(n_sigmas: int) -> None:
    loaded = {f"fashion_{model}": sample_table("garments", model, sigmas=n_sigmas) for model in COMPARED}
    figure = drawn("supp02", loaded)
    assert figure.get_figheight() <= 9
    assert figure.get_figwidth() == style.DOUBLE
    figure.canvas.draw()
    for axes in figure.axes:
        box = axes.get_window_extent()
        height, width = np.asarray(axes.images[0].get_array()).shape[:2]
        assert box.height / box.width == pytest.approx(height / width, rel=1e-6)
    for text in figure.findobj(matplotlib.text.Text):
        if text.get_text() and text.get_visible():
            assert text.get_window_extent().x0 >= -1


def test_one_model_takes_half_the_width() -> None:
    figure = contact_sheet([sample_table("garments", "n_vae", sigmas=2)])
    assert figure.get_figwidth() == style.DOUBLE / 2
