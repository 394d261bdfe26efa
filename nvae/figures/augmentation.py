"""A panel of the augmentation study: test error over σ for every model, and for real images alone."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from nvae.figures import COMPARED, lines
from nvae.figures.tables import select

_LEAST_TOP = 1.0  # %


def draw_panel(axes: Axes, tables: Mapping[str, pd.DataFrame], role: str, generated_share: float) -> None:
    """The lines of all models at one share of generated images, and the baseline.

    Args:
        axes: where.
        tables: ``{role}_{model}`` for each compared model, its augmentation table; ``{role}_baseline``, the
            classifier's metrics.
        role: ``digits`` or ``clothes``.
        generated_share: of each batch, in (0, 1].

    Raises:
        UserError: a table has no rows of that share, or the classifier's no accuracy.
    """
    lines.draw_baseline(axes, baseline_error(tables[f"{role}_baseline"]))
    # The first model is drawn last, on top.
    for model in reversed(COMPARED):
        points = select(tables[f"{role}_{model}"], generated_share=generated_share)
        lines.draw_model(axes, points, "error_pct", model=model)
    low, high = axes.get_ylim()
    # No error is below 0, and where there is none at all no digit of it is worth an axis.
    axes.set_ylim(max(low, 0), max(high, _LEAST_TOP))


def baseline_error(metrics: pd.DataFrame) -> pd.Series:
    """Test error in % of each seed's classifier, from its table of metrics.

    Raises:
        UserError: the table has no accuracy.
    """
    return 100 - select(metrics, metric="accuracy_pct")["value"]
