"""Every figure, drawn from made-up tables with the columns of the schemas."""

import subprocess
import sys
from pathlib import Path

import matplotlib.text
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from nvae import cli, figures
from nvae.errors import UserError
from nvae.figures.loading import load
from nvae.layout import Layout
from nvae.plotting import grids, style, traversals
from tests.unit.figure_world import ROLES, drawn, saved, tables_of, traversal_table, words, write_tables

NAMES = [spec.name for spec in figures.FIGURES]
FAST_KL = ["fig05_kl_per_dimension", "fig10_class_bias_kl"]
OVER_SIGMA = ["fig09_augmentation", "supp03_fidelity", "supp04_augmentation_mixes"]
OVER_SEEDS = [
    *FAST_KL,
    *OVER_SIGMA,
    "supp05_class_weight",
    "supp06_class_bias",
    "supp07_known_factors",
    "supp08_calibration",
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tables of profile ``paper`` and a params.yaml whose faces are Yale B."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write_tables(Layout("paper"))
    params = Path("params.yaml").read_text(encoding="utf-8")
    params = params.replace("digits: mnist", "digits: glyphs").replace("fashion: fashion_mnist", "fashion: garments")
    (root / "params.yaml").write_text(params, encoding="utf-8")
    return root


def draw(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> Figure:
    monkeypatch.chdir(project)
    loaded, _ = load(figures.find(name), Layout("paper"), ROLES, lambda dataset, table: range(3))
    return drawn(name, loaded)


def test_each_module_draws_a_figure_and_each_figure_has_a_module() -> None:
    folder = Path(figures.__file__).parent
    modules = {f"nvae.figures.{path.stem}" for path in folder.glob("*.py")}
    others = {f"nvae.figures.{name}" for name in ("__init__", "spec", "loading")}
    assert {spec.module for spec in figures.FIGURES} == modules - others
    # A module that draws one figure has the name of that figure.
    assert all(spec.drawn_by or spec.module.endswith(f".{spec.name}") for spec in figures.FIGURES)
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_drawing_twice_gives_the_same_bytes(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(name, project, monkeypatch)
    pdf, png = saved(first)
    assert first.get_figwidth() in (style.SINGLE, style.DOUBLE)
    assert first.get_figheight() <= 9.0, "higher than the text area of a page"
    assert (pdf, png) == saved(draw(name, project, monkeypatch))
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf


@pytest.mark.parametrize("name", [name for name in NAMES if name != "fig04_graphical_model"])
def test_the_number_of_seeds_or_models_is_stated(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = words(draw(name, project, monkeypatch))
    # Figure 3 has both: panels of one model, and metrics over seeds.
    assert ("n = 1 model (seed 0)" in shown) == (name not in OVER_SEEDS)
    assert ("n = 3 seeds" in shown) == (name in [*OVER_SEEDS, "fig03_aggregate_posterior"])


@pytest.mark.parametrize("name", NAMES)
def test_texts_do_not_overlap_and_stay_within_the_page(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = draw(name, project, monkeypatch)
    # The texts that are drawn. A figure also has ticks outside the view and ticks of hidden axes, which are not.
    drawn: dict[int, matplotlib.text.Text] = {}
    original = matplotlib.text.Text.draw

    def record(text: matplotlib.text.Text, *args: object, **kwargs: object) -> None:
        if text.get_visible() and text.get_text():
            drawn[id(text)] = text
        original(text, *args, **kwargs)

    monkeypatch.setattr(matplotlib.text.Text, "draw", record)
    figure.canvas.draw()
    shown = list(drawn.values())
    boxes = [text.get_window_extent() for text in shown]
    page = figure.bbox
    for text, box in zip(shown, boxes, strict=True):
        assert box.x0 >= page.x0 - 1, text
        assert box.y0 >= page.y0 - 1, text
        assert box.x1 <= page.x1 + 1, text
        assert box.y1 <= page.y1 + 1, text
        assert text.get_fontsize() >= 6, text
    upright = [(t, b) for t, b in zip(shown, boxes, strict=True) if t.get_rotation() == 0]
    for i, (text, box) in enumerate(upright):
        for other, other_box in upright[i + 1 :]:
            # Texts that overlap by less than a pixel are separate in print.
            assert not box.padded(-1).overlaps(other_box.padded(-1)), (text, other)


@pytest.mark.parametrize("name", FAST_KL)
def test_one_seed_gets_no_interval(name: str) -> None:
    for n_seeds, expected in ((1, 0), (3, 1)):
        figure = drawn(name, tables_of(name, n_seeds=n_seeds))
        bars = [c for axes in figure.axes for c in axes.containers if isinstance(c, ErrorbarContainer)]
        assert bool(bars) == bool(expected)
        assert ("t interval" in words(figure)) == bool(expected)
        assert ("n = 1 seed, no interval" in words(figure)) == (n_seeds == 1)


def test_own_and_shared_dimensions_have_one_scale(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axes = draw("fig05", project, monkeypatch).axes
    for blocks, shared in zip(axes[0::3], axes[1::3], strict=True):
        assert blocks.get_ylim() == shared.get_ylim()


def test_a_shared_panel_follows_its_dimension_through_every_class() -> None:
    table = traversal_table("glyphs", "shared")
    # Each image has the number of its dimension as its grey level, at any place in the list of its class.
    table["images"] = np.broadcast_to(table["dims"][:, :, None, None, None], table["images"].shape).astype(np.uint8)
    figure = traversals.shared_traversals(table, n_dims=9, columns=4, width=style.DOUBLE)
    seen = set()
    for axes in figure.axes:
        if (title := axes.get_title(loc="left")).startswith("("):
            dim = int(title.split("dim ")[1].split()[0])
            array = np.asarray(axes.images[0].get_array())
            assert (array[: 28 + grids.GAP, :28, 0][:28] == dim).all()
            assert set(np.unique(array[:, :, 0])) <= {dim, 255, 0xD5}
            seen.add(dim)
    assert seen == {0, 1, 2, 3}


def test_seed_images_are_shown_only_where_they_are_the_centre() -> None:
    for center, extra in (("seed_image", 1), ("prior", 0)):
        table = traversal_table("garments", "shared", center=center)
        figure = traversals.shared_traversals(table, n_dims=4, columns=4, width=style.DOUBLE)
        assert len(figure.axes) == 4 + extra


def test_few_steps_and_dimensions_do_not_give_huge_images() -> None:
    table = traversal_table("glyphs", "shared", n_dims=1, steps=2, center="prior")
    figure = traversals.shared_traversals(table, n_dims=4, columns=4, width=style.DOUBLE)
    assert figure.get_figheight() < 9


def test_figure_1_shows_the_two_and_the_seven(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = draw("fig01", project, monkeypatch)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["(a) class 2", "(b) class 7"]


def test_figure_1_needs_ten_digits() -> None:
    table = traversal_table("glyphs", "class")
    table["class_names"] = table["class_names"][:5]
    with pytest.raises(UserError, match="5 classes"):
        traversals.class_traversals(table, classes=(2, 7), n_dims=2, columns=1, width=style.SINGLE)


def test_many_steps_are_thinned_evenly_and_keep_both_ends() -> None:
    table = traversal_table("glyphs", "class", steps=25)
    figure = traversals.class_traversals(table, classes=(2,), n_dims=2, columns=1, width=style.SINGLE)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["−3", "−2", "−1", "0", "1", "2", "3"]


@pytest.mark.parametrize("name", ["fig99", "", "fig1", "all"])
def test_an_unknown_or_ambiguous_figure_lists_the_names(name: str) -> None:
    with pytest.raises(UserError, match="fig05_kl_per_dimension"):
        figures.find(name)


def test_the_command_writes_files_and_sidecars(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert cli.main(["draw", "fig10", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"fig10_class_bias_kl.{suffix}{end}" for suffix in figures.SUFFIXES for end in ("", ".meta.json")
    ]
    sidecar = (tmp_path / "fig10_class_bias_kl.pdf.meta.json").read_text(encoding="utf-8")
    assert '"results/paper/tables/kl.csv"' in sidecar
    assert cli.main(["draw", "fig05", "--profile", "demo"]) == 2
    error = capsys.readouterr().err
    assert "snakemake --cores 2 -- results/demo/tables/kl.csv" in error


def test_nothing_heavy_is_imported(project: Path, tmp_path: Path) -> None:
    light = "import sys, nvae.figures; print(sorted({'matplotlib', 'numpy', 'pandas', 'seaborn'} & set(sys.modules)))"
    command = (
        f"import sys; from nvae.cli import main; assert main(['draw', 'fig10', '--out', {str(tmp_path)!r}]) == 0; "
        "print(sorted({'torch', 'seaborn', 'sklearn', 'matplotlib.pyplot'} & set(sys.modules)))"
    )
    for code in (light, command):
        done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
