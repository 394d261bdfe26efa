"""Figure 9: test error of classifiers trained on real and generated images, and on generated images alone."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from nvae.plotting import lines, style
from nvae.plotting.augmentation import draw_panel, panel_numbers
from nvae.plotting.labels import dataset_label
from nvae.tables.needs import COMPARED

# One generated image per real image; Figure S4 has the other shares.
_MIXED = 0.5
_TRAINING = {"real + generated": _MIXED, "generated only": 1.0}
_ROLES = ("digits", "fashion")
_HEIGHT = 4.0


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: real and generated images above, generated images alone below; digits left, clothes right.

    Args:
        tables: Augmentation tables of each compared model, ``digits_{model}`` and ``fashion_{model}``, and metrics of
            the classifier, ``digits_baseline`` and ``fashion_baseline`` (test rows of each).

    Raises:
        UserError: If a table lacks one of the two shares of generated images.

    Source: Figure 9.
    """
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    grid = figure.subplots(2, 2)
    for row, (training, share) in enumerate(_TRAINING.items()):
        for column, role in enumerate(_ROLES):
            axes = grid[row, column]
            draw_panel(axes, tables, role, share)
            dataset = dataset_label(tables[f"{role}_baseline"]["dataset"].iloc[0])
            style.panel_title(axes, 2 * row + column, f"{dataset}, {training}")
        grid[row, 0].set_ylabel("test error (%)")
    for axes in grid[1]:
        axes.set_xlabel("σ of the sampled latents")
    lines.add_legend(figure, tables.values(), models=COMPARED, baseline=True)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the test errors at both ends of each line, and the baselines, for the caption.

    Raises:
        UserError: As `draw`.
    """
    panels = [(role, training, share) for training, share in _TRAINING.items() for role in _ROLES]
    return panel_numbers(tables, panels, _ROLES)
