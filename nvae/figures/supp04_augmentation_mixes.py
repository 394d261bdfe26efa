"""Figure S4: the augmentation study at every share of generated images."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from nvae.plotting import lines, style
from nvae.plotting.augmentation import draw_panel, panel_numbers
from nvae.plotting.labels import dataset_label, share_label
from nvae.tables.needs import COMPARED

_ROLES = ("digits", "fashion")
# Inches; figures with many shares have to fit a page.
_ROW = 1.8
_HIGHEST = 8.6
_LEGEND = 0.4


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: one row per share, growing downwards; digits left, clothes right.

    Args:
        tables: Tables as of Figure 9.

    Raises:
        UserError: If a table lacks a share that another one has.

    Source: not in the paper, which does not state its proportions.
    """
    shares = generated_shares(tables)
    figure = style.new_figure(style.DOUBLE, min(_HIGHEST, _ROW * len(shares)) + _LEGEND, constrained=True)
    grid = figure.subplots(len(shares), len(_ROLES), squeeze=False)
    for row, share in enumerate(shares):
        for column, role in enumerate(_ROLES):
            axes = grid[row, column]
            draw_panel(axes, tables, role, share)
            dataset = dataset_label(tables[f"{role}_baseline"]["dataset"].iloc[0])
            style.panel_title(axes, len(_ROLES) * row + column, f"{dataset}, {share_label(share)}")
        grid[row, 0].set_ylabel("test error (%)")
    for axes in grid[-1]:
        axes.set_xlabel("σ of the sampled latents")
    lines.add_legend(figure, tables.values(), models=COMPARED, baseline=True)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the test errors at both ends of each line, and the baselines, for the caption.

    Raises:
        UserError: As `draw`.
    """
    panels = [(role, share_label(share), share) for share in generated_shares(tables) for role in _ROLES]
    return panel_numbers(tables, panels, _ROLES)


def generated_shares(tables: Mapping[str, pd.DataFrame]) -> list[float]:
    """Return the shares of all augmentation tables, sorted."""
    found = [tables[f"{role}_{model}"]["generated_share"] for role in _ROLES for model in COMPARED]
    return sorted(pd.concat(found).unique().tolist())
