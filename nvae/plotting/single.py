"""A picture of one table of images or codes, as ``nvae traversals``, ``samples`` or ``posteriors`` write it."""

from matplotlib.figure import Figure

from nvae.errors import UserError
from nvae.plotting import posteriors, style
from nvae.plotting.contact import contact_sheet
from nvae.plotting.labels import dataset_label, model_count_label, model_label
from nvae.plotting.traversals import class_traversals, shared_traversals
from nvae.tables.reading import Arrays, text

_N_DIMS = 8
_COLUMNS = {"class": 2, "shared": 4}
# Inches.
_LEFT = 0.3
_TOP = 0.2
_BOTTOM = 0.3
_RIGHT = 1.9


@style.styled
def draw(table: Arrays, kind: str) -> Figure:
    """Draw a table.

    Args:
        table: Arrays of the table.
        kind: Name of the table, a key of `nvae.tables.schemas.ARRAYS`.

    Raises:
        UserError: If there are more classes than colours, or a traversal is of an unknown kind of latents.
    """
    if kind == "samples":
        return contact_sheet([table])
    if kind == "posteriors":
        return _plane(table)
    moved = text(table, "kind")
    if moved not in _COLUMNS:
        raise UserError(
            "array kind",
            got=moved,
            expected=" or ".join(_COLUMNS),
            hint="Make the table with `nvae traversals`.",
        )
    draw_kind = class_traversals if moved == "class" else shared_traversals
    return draw_kind(table, n_dims=_N_DIMS, columns=_COLUMNS[moved], width=style.DOUBLE)


def _plane(table: Arrays) -> Figure:
    """Draw the two dimensions with the largest KL; if there is only one, draw its densities."""
    z = table["z"]
    size = style.SINGLE - _LEFT
    figure = style.new_figure(_LEFT + size + _RIGHT, _TOP + size + _BOTTOM)
    axes = style.place_axes(figure, _LEFT, _TOP, size, size)
    half_width = posteriors.limit([z[:, :2]])
    if z.shape[1] == 1:
        posteriors.draw_densities(axes, z[:, 0], table, half_width)
        handles = posteriors.legend_handles(table)
    else:
        posteriors.draw_plane(axes, z[:, :2], table, half_width)
        handles = [found for found in posteriors.legend_handles(table) if found.get_label() != "all classes"]
        axes.set_ylabel(_dim(table, 1))
    axes.set_xlabel(_dim(table, 0))
    axes.set_title(
        f"{model_label(text(table, 'model'))} on {dataset_label(text(table, 'dataset'))}, "
        f"{model_count_label(text(table, 'seed'))}"
    )
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def _dim(table: Arrays, place: int) -> str:
    return f"dim {table['dims'][place]} ({table['kl_nats'][place]:.2f} nat)"
