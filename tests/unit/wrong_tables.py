"""Wrong tables, and paths that cannot be written to, each with the message that is expected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nvae.figures import shown_runs
from nvae.layout import Layout
from tests.unit.fetch_world import zipped
from tests.unit.figure_world import kl_table, traversal_table
from tests.unit.test_prepare import write_set
from tests.unit.wrong_models import DETECT
from tests.unit.wrong_raw import HUGE, IDX
from tests.unit.wrong_world import (
    Case,
    Trap,
    cut,
    in_place_of,
    model,
    npy,
    params,
    put,
)

RUN = Layout("demo").run_table("kl", "glyphs", "n_vae", 0).as_posix()
KL = Layout("demo").table("kl").as_posix()


def tables(spoil: Callable[[str], str | bytes]) -> Callable[[], object]:
    """Return a function that writes the table of Figure 10, spoilt."""
    whole = pd.concat([kl_table("glyphs", variant, n_seeds=1) for variant in ("n_vae", "n_vae_no_bias")])
    return lambda: put(KL, spoil(whole.to_csv(index=False)))


def table(name: str, message: str, spoil: Callable[[], object] = lambda: None) -> Case:
    """Return a case of a table that no figure can be drawn from."""
    message = f"{KL}{message}. Make it with `snakemake --cores 2 -- {KL}`."
    return Case(name, "draw fig10 --profile demo --out figs", message, spoil)


NO_TABLE = ": got no such file, expected the table"
NO_CSV = ": got no table (…), expected a CSV with a line of column names"


def number(name: str, written: str) -> Case:
    """Return a case of a table whose last number is replaced."""
    message = f", column kl_nats: got '{written or 'nan'}', expected finite numbers"
    return table(name, message, tables(lambda text: f"{text.rpartition(',')[0]},{written}\n"))


TABLES = [
    table("no table", NO_TABLE),
    table("a folder in a table's place", NO_TABLE, lambda: in_place_of(KL)),
    table("an empty table", NO_CSV, tables(lambda _: "")),
    table("a table of bytes", NO_CSV, tables(lambda _: b"\x80\xff\0\n")),
    table("a ragged table", NO_CSV, tables(lambda _: "a,b\n1,2\n1,2,3\n")),
    table(
        "a table without a column",
        ": got columns dataset, …, expected also kl_nats",
        tables(lambda text: text.replace("kl_nats", "kl_bits")),
    ),
    table(
        "a table without test rows",
        ": got splits ['train', 'validation'], expected rows whose split is test",
        tables(lambda text: text.replace(",test,", ",train,")),
    ),
    table(
        "a table without rows",
        ": got splits [], expected rows whose split is test",
        tables(lambda text: text.partition("\n")[0]),
    ),
    number("a number that is missing", ""),
    number("nan for a number", "nan"),
    number("an infinite number", "inf"),
    number("a word for a number", "many"),
    Case(
        "a table without blocks",
        "draw fig10 --profile demo --out figs",
        "the table of glyphs, n_vae: got kind none, shared, expected also kind class. …",
        tables(lambda text: text.replace(",class,", ",none,")),
    ),
    table(
        "a table without a model",
        ": got no row of glyphs, n_vae_no_bias, expected the rows of its runs",
        tables(lambda text: text.replace(",n_vae_no_bias,", ",n_vae,")),
    ),
    Case(
        "a damaged table of one run",
        "draw fig10 --profile demo --out figs",
        f"{RUN}, column kl_nats: got 'many', expected finite numbers. Make it with `snakemake --cores 2 -- {RUN}`.",
        lambda: (
            tables(lambda text: text)(),
            put(RUN, f"{kl_table('glyphs', n_seeds=1).to_csv(index=False).rpartition(',')[0]},many\n"),
        ),
    ),
]

VARIANTS = Layout("demo").table("variants").as_posix()


def ablation(name: str, message: str, settings: str | None) -> Case:
    """Return a case of a table of variants that no figure of an ablation can be drawn from; None: it is missing."""
    runs = [(dataset, weight) for dataset in ("glyphs", "garments", "faces") for weight in ("1", "1_5", "2", "4", "8")]
    models = [f"{dataset},n_vae_lambda{weight}" for dataset, weight in runs]

    def change() -> None:
        rows = "".join(f"{model},0,test,accuracy_pct,90\n" for model in models)
        put(Layout("demo").table("metrics").as_posix(), f"dataset,model,seed,split,metric,value\n{rows}")
        if settings is not None:
            rows = "".join(f"{model},class_weight,2.0\n" for model in models[1:])
            put(VARIANTS, f"dataset,model,parameter,setting\n{settings}{rows}")

    message = f"{VARIANTS}{message}. Make it with `snakemake --cores 2 -- {VARIANTS}`."
    return Case(name, "draw supp05 --profile demo --out figs", message, change)


ABLATIONS = [
    ablation("no table of variants", NO_TABLE, None),
    ablation(
        "a variant without parameters", ": got no row of glyphs, n_vae_lambda1, expected the rows of its runs", ""
    ),
    ablation(
        "a variant without the parameter that varies",
        ": got parameters hidden, beta of glyphs, n_vae_lambda1, expected also class_weight",
        "glyphs,n_vae_lambda1,hidden,[32]\nglyphs,n_vae_lambda1,beta,1\n",
    ),
    ablation(
        "a word for one variant's weight",
        ", parameter class_weight: got 'many', expected numbers for all variants",
        "glyphs,n_vae_lambda1,class_weight,many\n",
    ),
]

TRAVERSAL = Layout("demo").arrays("traversals", "glyphs", "n_vae", "shared").as_posix()


def traversal(**changes: Any) -> Callable[[], object]:
    """Return a function that writes traversals with other arrays; ``...`` removes one."""

    def change() -> None:
        Path(TRAVERSAL).parent.mkdir(parents=True)
        content = {**traversal_table("glyphs", "shared"), **changes}
        np.savez_compressed(TRAVERSAL, **{key: array for key, array in content.items() if array is not ...})

    return change


def pictures(name: str, message: str, spoil: Callable[[], object]) -> Case:
    """Return a case of traversals that no figure can be drawn from."""
    message = f"{TRAVERSAL}{message}. Make it with `snakemake --cores 2 -- {TRAVERSAL}`."
    return Case(name, "draw fig02 --profile demo --out figs", message, spoil)


def scratched() -> None:
    """Write traversals with some bytes changed in the middle."""
    traversal()()
    content = Path(TRAVERSAL).read_bytes()
    put(TRAVERSAL, content[:3000] + bytes(byte ^ 0x55 for byte in content[3000:3050]) + content[3050:])


PLAIN = "expected an npz of plain arrays"
ONE_ARRAY = npy("{'descr':'|u1','fortran_order':False,'shape':(1,)}", b"x")
PICTURES = [
    pictures("no images", NO_TABLE, lambda: None),
    pictures("images cut short", f": got …, {PLAIN}", lambda: (traversal()(), cut(TRAVERSAL, 9000))),
    pictures("images that are damaged", f": got …, {PLAIN}", scratched),
    pictures(
        "images that are pickled", f": got Object arrays …, {PLAIN}", traversal(images=np.array([Trap()], object))
    ),
    pictures("images that are one array", f": got a single array, {PLAIN}", lambda: put(TRAVERSAL, ONE_ARRAY)),
    pictures(
        "images of absurd size", f": got …, {PLAIN}", lambda: put(TRAVERSAL, zipped({"images.npy": HUGE}, top=""))
    ),
    pictures(
        "images with half a header",
        f": got …, {PLAIN}",
        lambda: put(TRAVERSAL, zipped({"images.npy": npy("{(")}, top="")),
    ),
    pictures("images without values", ": got arrays images, …, expected also values", traversal(values=...)),
    pictures(
        "images without height",
        ", array images: got shape (10, 4, 9), expected axes (class, dim, step, height, width), each as long as …",
        traversal(images=np.zeros((10, 4, 9), np.uint8)),
    ),
    pictures(
        "images of too few classes",
        ", array dims: got shape (10, 4), expected axes (class, dim), each as long as in the other arrays",
        traversal(images=np.zeros((3, 4, 9, 28, 28), np.uint8)),
    ),
]

METRICS = "dataset,model,seed,split,metric,value\nglyphs,n_vae,0,test,accuracy_pct,90\n"


def joined(name: str, message: str, content: str | bytes | None, *, history: bool = False) -> Case:
    """Return a case of a table that cannot be joined; without content, it is a folder."""
    spoil = (lambda: in_place_of("a.csv")) if content is None else (lambda: put("a.csv", content))
    return Case(name, f"collect a.csv --out out.csv {'--history' * history}", message, spoil)


SUMMARISE = "summarise --profile demo --table a.csv --out out.json"


def summarised(name: str, message: str, content: str | bytes | None) -> Case:
    """Return a case of a table that cannot be summarised; without content, it is a folder."""
    spoil = (lambda: in_place_of("a.csv")) if content is None else (lambda: put("a.csv", content))
    return Case(name, SUMMARISE, f"a.csv{message}. Make the table again, or correct the path.", spoil)


JOINED = [
    Case(
        "no table to join",
        "collect a.csv --out out.csv",
        "a.csv: got no such file, expected a table. Make it first, or correct the path.",
    ),
    joined("a folder to join", "a.csv: got no table (…Is a directory…), expected a CSV …", None),
    joined("an empty table to join", "a.csv: got no table (…), expected a CSV …", ""),
    joined("bytes to join", "a.csv: got no table ('utf-8' codec …), expected a CSV …", b"\x80\xff\0"),
    joined("an unclosed quote", "a.csv: got no table (…), expected a CSV …", 'a,b\n"1,2\n'),
    joined(
        "a short row to join",
        "a.csv, line 2: got 1 values, expected 2, one per column. Make the table again.",
        "a,b\n1\n",
    ),
    Case(
        "tables of other columns",
        "collect a.csv b.csv --out out.csv",
        "b.csv: got columns b, expected those of a.csv: a. Make the tables again with the same version.",
        lambda: (put("a.csv", "a\n1\n"), put("b.csv", "b\n1\n")),
    ),
    joined(
        "bytes as a history", "a.csv: got no table ('utf-8' codec …), expected a CSV …", b"\x80\xff\0", history=True
    ),
    joined(
        "a table that is no history",
        "a.csv: got columns dataset, …, expected also epoch. Make the table again.",
        METRICS,
        history=True,
    ),
    summarised("a folder to summarise", NO_TABLE, None),
    summarised("an empty table to summarise", NO_CSV, ""),
    summarised("bytes to summarise", NO_CSV, b"\x80\xff\0"),
    summarised("a table without metrics", ": got columns name, value, expected also dataset, …", "name,value\na,1\n"),
    summarised(
        "a word for a metric", ", column value: got 'many', expected finite numbers", METRICS.replace("90", "many")
    ),
    summarised("a table without a model to summarise", ": got no row of …, expected the rows of its runs", METRICS),
    Case("no table to summarise", SUMMARISE, f"a.csv{NO_TABLE}. Make the table again, or correct the path."),
]


def taken(name: str, command: str, out: str, spoil: Callable[[], object] = lambda: None) -> Case:
    """Return a case of a path that cannot be written to; ``file`` is a file, ``folder`` a folder with a file in it."""
    message = f"{out}: got …, expected a writable path with free space. Free some space or choose another path, …"
    return Case(
        name, command, message, lambda: (put("file", "x"), put("folder/x", "x"), put("a.csv", METRICS), spoil())
    )


def summarisable() -> None:
    """Write metrics of all models that are summarised in the profile demo."""
    runs = shown_runs({"digits": "glyphs", "fashion": "garments", "faces": "faces"})
    rows = "".join(f"{dataset},{variant},0,test,accuracy_pct,90\n" for dataset, variant in runs)
    put("a.csv", f"dataset,model,seed,split,metric,value\n{rows}")


PLACES = [
    taken("a file where a folder should be", "collect a.csv --out file/out.csv", "file/out.csv"),
    taken("a folder where a file should be", "collect a.csv --out folder", "folder"),
    taken(
        "a summary to a folder",
        SUMMARISE.replace("out.json", "folder"),
        "folder",
        summarisable,
    ),
    taken("a figure to a file", "draw fig04 --out file", "file/fig04_graphical_model.pdf"),
    taken(
        "a prepared set to a folder",
        IDX.replace("out/set.npz", "folder"),
        "folder",
        lambda: (params(data__mnist__validation_images=10)(), write_set(Path("raw"), "mnist", classes=10)),
    ),
    taken("a table of a model to a folder", DETECT.replace("out/kl.csv", "folder"), "folder", model()),
    Case(
        "a drawn set to a file",
        "draw-data glyphs --profile smoke --out file",
        "…/file: got a file, expected a folder. Pass another --out.",
        lambda: put("file", "x"),
    ),
    Case(
        "a drawn set below a file",
        "draw-data glyphs --profile smoke --out file/set",
        "…/file/set: got File exists, expected a place for a folder. Pass another --out.",
        lambda: put("file", "x"),
    ),
    Case(
        "a drawn set over something else",
        "draw-data glyphs --profile smoke --out folder",
        "…/folder: got a folder that contains mine.txt, expected a new folder, or one that this verb wrote. …",
        lambda: put("folder/mine.txt", "x"),
    ),
]

CASES = [*TABLES, *ABLATIONS, *PICTURES, *JOINED, *PLACES]
