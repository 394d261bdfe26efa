"""Panels of the augmentation study: test error over σ for every model, and for real images alone; their numbers."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from nvae.plotting import captions, lines
from nvae.plotting.labels import dataset_label, model_label
from nvae.tables.needs import COMPARED
from nvae.tables.reading import select

_LEAST_TOP = 1.0  # %


def draw_panel(axes: Axes, tables: Mapping[str, pd.DataFrame], role: str, generated_share: float) -> None:
    """Draw the lines of all models at one share of generated images, and the baseline.

    Args:
        axes: Axes to draw on.
        tables: ``{role}_{model}`` for each compared model, its augmentation table; ``{role}_baseline``, the
            classifier's metrics.
        role: Role of the data set, ``digits`` or ``fashion``.
        generated_share: Share of generated images in each batch, in (0, 1].

    Raises:
        UserError: If a table has no rows of that share, or the classifier's table has no accuracy.
    """
    lines.draw_baseline(axes, baseline_error(tables[f"{role}_baseline"]))
    # The first model is drawn last, on top.
    for model in reversed(COMPARED):
        points = select(tables[f"{role}_{model}"], generated_share=generated_share)
        lines.draw_model(axes, points, "error_pct", model=model)
    low, high = axes.get_ylim()
    # An error is never negative, and the axis reaches at least 1 %, so that tiny errors are not magnified.
    axes.set_ylim(max(low, 0), max(high, _LEAST_TOP))


def panel_numbers(
    tables: Mapping[str, pd.DataFrame], panels: Sequence[tuple[str, str, float]], roles: Sequence[str]
) -> str:
    """Return the error of every model at the smallest and the largest σ, and of the baseline, per panel, for a caption.

    Args:
        tables: Tables as `draw_panel` takes them.
        panels: Role, description and share of generated images of each panel.
        roles: Roles whose tables are given.

    Raises:
        UserError: As `draw_panel`, or if a table lacks one of the two values of σ.
    """
    augmented = [tables[f"{role}_{model}"] for role in roles for model in COMPARED]
    low, high = captions.ends(augmented)
    items = [f"Test error in % at σ = {low:g} → {high:g}; {captions.seeds(tables.values())}"]
    for role, words, share in panels:
        errors = [
            f"{model_label(model)} "
            + captions.at_ends(select(tables[f"{role}_{model}"], generated_share=share), "error_pct", (low, high))
            for model in COMPARED
        ]
        baseline = tables[f"{role}_baseline"]
        about = dataset_label(baseline["dataset"].iloc[0])
        errors.append(f"real images only {captions.mean(baseline_error(baseline))}")
        items.append(f"{about}, {words}: {', '.join(errors)}")
    return "\n".join(items)


def baseline_error(metrics: pd.DataFrame) -> pd.Series:
    """Return the test error in % of each seed's classifier, from its table of metrics.

    Raises:
        UserError: If the table has no accuracy.
    """
    return 100 - select(metrics, metric="accuracy_pct")["value"]
