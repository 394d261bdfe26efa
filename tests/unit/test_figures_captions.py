"""Caption files: they contain numbers of the tables, and the report displays any text unchanged."""

import html
import importlib
import random
import re

import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_parts
from scipy import stats

from nvae import figures
from nvae.errors import UserError
from nvae.plotting import captions, kl
from tests.unit.figure_world import BASELINE, ROLES, tables_of

NAMES = [spec.name for spec in figures.FIGURES]
WITH_NUMBERS = [spec.name for spec in figures.FIGURES if hasattr(importlib.import_module(spec.module), "numbers")]
MARKUP = [
    *"*`_|\\:<>&\"'@-+=%$~^ \nσé",
    *("**", "``", "__", "::", "[1]_", "{{", "}}", "//", "..", "#.", "1.", "ii)", "(a)", "A.", "====", ">>>", "http:"),
    *("tag:", "mailto:", "a", "bc", "/V", "--x"),
]


def numbers_of(name: str, **changes: object) -> list[str]:
    """Return the numbers in the caption of a figure, one item per line, from made-up tables with some replaced."""
    spec = figures.find(name)
    numbers: str = importlib.import_module(spec.module).numbers(tables_of(name) | changes, **spec.options)
    return numbers.splitlines()


def page_of(words: str) -> str:
    """Return the HTML of a caption file in the report; a warning of docutils is an error."""
    return str(publish_parts(words, writer="html", settings_overrides={"halt_level": 2})["body"])


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_the_captions_of_the_papers_figures_have_numbers() -> None:
    assert {name for name in NAMES if name.startswith("fig")} - set(WITH_NUMBERS) == {"fig04_graphical_model"}


@pytest.mark.parametrize("name", NAMES)
def test_every_caption_is_displayed_word_for_word(name: str) -> None:
    spec = figures.find(name)
    numbers = numbers_of(name) if name in WITH_NUMBERS else []
    page = page_of(captions.compose(spec.caption, "\n".join(numbers)))
    paragraphs = [text_of(found) for found in re.findall(r"<(?:p|li)\b[^>]*>(.*?)</(?:p|li)>", page, re.DOTALL)]
    assert paragraphs == [spec.caption, *numbers]


def test_any_text_is_displayed_unchanged() -> None:
    draw = random.Random(0)
    for _ in range(400):
        words = "".join(draw.choices(MARKUP, k=draw.randint(1, 7)))
        expected = " ".join(words.split())
        assert (page := page_of(captions.compose(words, ""))).startswith("<p>") or not expected, words
        assert text_of(page).rstrip("\n") == expected, words
        assert set(re.findall(r"</?\w+", page)) <= {"<p", "</p"}, words
        item = page_of(captions.compose("Above", words.replace("\n", " ") + "\nbelow"))
        assert set(re.findall(r"</?\w+", item)) == {"<p", "</p", "<ul", "</ul", "<li", "</li"}, words


def test_the_name_of_a_data_set_is_no_markup() -> None:
    loaded = {key: table.assign(dataset="<b>x</b>") for key, table in tables_of("fig05").items()}
    page = page_of(captions.compose("Figure.", "\n".join(numbers_of("fig05", **loaded))))
    assert "&lt;b&gt;x&lt;/b&gt; " in page
    assert "<b>" not in page


@pytest.mark.parametrize("name", [name for name in WITH_NUMBERS if not re.search("samples|supp08", name)])
def test_the_numbers_depend_on_the_tables(name: str) -> None:
    loaded = tables_of(name)
    changed = {}
    for key, table in loaded.items():
        if isinstance(table, pd.DataFrame):
            column = next(c for c in ("kl_nats", "error_pct", "value") if c in table)
            changed[key] = table.assign(**{column: 0.9 * table[column]})
        else:
            changed[key] = table | {"kl_nats": 0.9 * table["kl_nats"]}
    before, after = numbers_of(name), numbers_of(name, **changed)
    assert len(before) == len(after)
    assert before != after
    assert re.sub(r"[\d.]+", "", "".join(before)) == re.sub(r"[\d.]+", "", "".join(after))


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_the_caption_of_figure_5_has_the_sums_of_both_blocks(n_seeds: int) -> None:
    loaded = tables_of("fig05", n_seeds=n_seeds)
    (words,) = numbers_of("fig05", **loaded)
    table = loaded["faces"]
    assert isinstance(table, pd.DataFrame)
    weighted = (table["kl_nats"] * table["n_images"]).groupby(table["seed"])
    n_images = table.drop_duplicates(["seed", "image_class"]).groupby("seed")["n_images"].sum()
    shared = weighted.apply(lambda part: part[table["kind"] == "shared"].sum()) / n_images
    own = weighted.apply(lambda part: part[table["latent_class"] == table["image_class"]].sum()) / n_images
    (own_text, shared_text) = re.search(r"Yale B ([\d.]+(?: ± [\d.]+)?) and ([\d.]+(?: ± [\d.]+)?) nat", words).groups()  # type: ignore[union-attr]
    for text, values in ((own_text, own), (shared_text, shared)):
        value, _, half = text.partition(" ± ")
        assert float(value) == pytest.approx(values.mean(), rel=0.01)
        if n_seeds > 1:
            assert float(half) == pytest.approx(stats.sem(values) * stats.t.ppf(0.975, 2), rel=0.5)
        else:
            assert half == ""
    assert words.index("built-in glyphs") < words.index("built-in garments") < words.index("Yale B")
    expected = "n = 3 seeds; ±: half the 95 % t interval of the mean over seeds" if n_seeds > 1 else "no interval"
    assert words.endswith(expected)


def test_the_caption_of_figure_9_has_the_errors_of_each_model_at_both_ends() -> None:
    head, *panels = numbers_of("fig09", **tables_of("fig09", n_seeds=1))
    assert head == "Test error in % at σ = 1 → 3; n = 1 seed, no interval"
    assert [words.partition(":")[0] for words in panels] == [
        "built-in glyphs, real + generated",
        "built-in garments, real + generated",
        "built-in glyphs, generated only",
        "built-in garments, generated only",
    ]
    table = tables_of("fig09", n_seeds=1)["fashion_cgan"]
    assert isinstance(table, pd.DataFrame)
    alone = table[table["generated_share"] == 1].set_index("sigma")["error_pct"]
    assert f"CGAN {alone[1.0]:.3g} → {alone[3.0]:.3g}, AC-GAN" in panels[3]
    assert panels[3].endswith(f"real images only {BASELINE['garments'] + 0.06:.3g}")


def test_figure_10_pairs_the_seeds() -> None:
    loaded = tables_of("fig10")
    with_bias, without = loaded["with_bias"], loaded["without_bias"]
    assert isinstance(with_bias, pd.DataFrame)
    assert isinstance(without, pd.DataFrame)
    shifted = with_bias.assign(kl_nats=with_bias["kl_nats"] * 2)
    sums = kl.totals(with_bias).query("part == @kl.OWN")["kl_nats"]
    words = numbers_of("fig10", without_bias=shifted)
    assert words[1] == f"Without minus with, seed by seed: {captions.mean(sums)} nat; n = 3 seeds"
    assert len(numbers_of("fig10", without_bias=without.assign(seed=without["seed"] + 10))) == 1


def test_captions_of_traversals_have_the_largest_dimensions() -> None:
    loaded = tables_of("fig01")["traversals"]
    loaded["kl_nats"] = loaded["kl_nats"].copy()
    loaded["kl_nats"][7, 0] = 4.321
    (words,) = numbers_of("fig01", traversals=loaded)
    assert words.endswith(f"; class 7: dim {loaded['dims'][7, 0]}, 4.32 nat")
    assert words.count("class ") == 2
    shared = tables_of("fig02")["traversals"]
    shared["kl_nats"] = np.where(shared["dims"] == 3, 9.876, 1.0)
    (words,) = numbers_of("fig02", traversals=shared)
    assert "(seed 0): dim 3: 9.88 nat; dim 0: 1.00 nat" in words


def test_captions_of_samples_have_the_values_of_sigma_and_the_models() -> None:
    assert numbers_of("supp01") == [
        "built-in glyphs: σ = 0.5, 1.125, 1.75, 2.375, 3; N-VAE, CVAE, CGAN, AC-GAN, n = 1 model each (seed 0)"
    ]
    assert [words.partition(":")[0] for words in numbers_of("fig11")] == ["built-in glyphs", "built-in garments"]
    other = tables_of("fig11")["fashion"] | {"sigmas": np.array([0.1, 0.2, 0.3, 0.4, 7.0])}
    assert "σ = 0.1, 0.2, 0.3, 0.4, 7; N-VAE" in numbers_of("fig11", fashion=other)[1]


def test_a_table_without_the_largest_sigma_is_rejected() -> None:
    table = tables_of("supp03")["digits_cvae"]
    assert isinstance(table, pd.DataFrame)
    with pytest.raises(UserError, match=r"glyphs, cvae: got sigma .* expected also sigma 3\.0"):
        numbers_of("supp03", digits_cvae=table[table["sigma"] < 3])


def test_the_labels_of_a_figure_over_seeds_have_all_of_them() -> None:
    def seeds_of(dataset: str, table: str) -> list[int]:
        return [3, 5] if dataset in ROLES.values() else [7]

    labels = {spec.number: spec.labels("demo", ROLES, seeds_of) for spec in figures.FIGURES}
    assert len(labels) == len(figures.FIGURES)
    assert labels["05"]["Seeds"] == labels["03"]["Seeds"] == labels["S03"]["Seeds"] == "3, 5"
    assert labels["01"]["Seeds"] == labels["11"]["Seeds"] == "3"
    assert labels["S08"]["Seeds"] == "7"
    assert labels["04"]["Seeds"] == "none"
    assert labels["10"] == {
        "Figure": "10",
        "Data": "built-in glyphs",
        "Models": "N-VAE; N-VAE, no class bias",
        "Seeds": "3, 5",
        "Profile": "demo",
    }
