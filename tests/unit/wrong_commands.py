"""Wrong command lines and claims, each with the expected error message."""

from collections.abc import Callable

import yaml

from tests.unit.wrong_params import EDIT
from tests.unit.wrong_world import Case, in_place_of, model, put

TABLE = "results/paper/tables/metrics.csv"
FINE = "dataset,model,seed,split,metric,value\nfashion_mnist,n_vae,0,test,kl_own_nats,1\n"


def claim(expression: str = "own", **quantity: object) -> Callable[[], object]:
    """Return a function that writes a claims.yaml with one claim, C1, and the table that it reads."""
    read = {"kind": "metric", "name": "kl_own_nats"}
    own = {"table": "metrics", "role": "fashion", "variant": "n_vae", "read": read, **quantity}
    criterion = {"name": "own", "expression": expression, "above": 0, "unit": "nats", "reason": "More is more."}
    one = {"id": "C1", "sentence": "Own is.", "where": "Figure 5", "min_seeds": 5}
    content = {"claims": [{**one, "quantities": {"own": own}, "criteria": [criterion]}]}
    return lambda: (put("claims.yaml", yaml.safe_dump(content)), put(TABLE, FINE))


def instead(content: str) -> Callable[[], object]:
    """Return a function that replaces the content of claims.yaml."""
    return lambda: put("claims.yaml", content)


def claimed(name: str, message: str, spoil: Callable[[], object]) -> Case:
    """Return a case of a refused claim."""
    return Case(name, "claims", f"claims.yaml, {message}. Edit claims.yaml.", spoil)


def no_arithmetic(name: str, expression: str, got: str = "") -> Case:
    """Return a case of a criterion that is not an arithmetic expression."""
    allowed = "numbers, names of quantities, + - * /, brackets, and min, max, mean, abs"
    quoted = got or f"{expression!r} in {expression!r}"
    return claimed(name, f"claim C1, criterion 'own': got {quoted}, expected {allowed}", claim(expression))


def no_number(name: str, expression: str, got: str, where: str = "") -> Case:
    """Return a case of a criterion whose value is no finite number."""
    rows = FINE + FINE.partition("\n")[2].replace(",0,test,", ",1,test,").replace(",1\n", ",2\n")
    message = (
        f"claim C1, criterion 'own'{where}: got {got} in '{expression}', expected a finite number. Check the tables …"
    )
    return Case(name, "claims", message, lambda: (claim(expression)(), put(TABLE, rows)))


#: An integer of 256 hexadecimal digits, which is too large for a float.
HEX = f"0x{'f' * 256}"
CLAIMS = [
    no_number("a division by nothing", "1 / (own - own)", "a division by zero", ", seed 0"),
    no_number("a mean of large numbers", "mean(1e308, own * 1e308)", "a number too large", ", seed 0"),
    no_number("a product of large numbers", "own * 1e308 * 10", "inf", ", seed 0"),
    no_number("a number of 256 digits", f"own * 1{'0' * 255}", "values too far apart for an interval"),
    no_arithmetic("a system call", "__import__('os').mknod('sprung')"),
    no_arithmetic("an attribute", "own.__class__.__mro__"),
    no_arithmetic("an index", "own[0]"),
    no_arithmetic("a lambda function", "(lambda: own)()"),
    no_arithmetic("a tower of powers", "own ** 9 ** 9 ** 9"),
    no_arithmetic("a loop", "[own for own in own]"),
    no_arithmetic("a text", "'own'"),
    no_arithmetic("two statements", "own; own", "'own; own' (…)"),
    no_arithmetic("an incomplete expression", "own +", "'own +' (…)"),
    no_arithmetic("a number too large", "own + 1e999", "'1e309' in 'own + 1e999'"),
    no_arithmetic("an integer too large", f"own + {HEX}", f"'{int(HEX, 16)}' in 'own + {HEX}'"),
    no_arithmetic("thousands of brackets", "(" * 5000 + "own" + ")" * 5000, "10003 characters, '(((…"),
    no_arithmetic("thousands of signs", "-" * 90_000 + "own", "90003 characters, '---…"),
    no_arithmetic("a sum of thousands of terms", "own" + "+own" * 20_000, "80003 characters, 'own+own…"),
    claimed(
        "an unknown quantity",
        "claim C1, criterion 'own': got the name shared, expected one of own",
        claim("own - shared"),
    ),
    claimed("an unknown table", "claim C1.quantities.own.table: got 'loss', expected 'kl', …", claim(table="loss")),
    claimed(
        "a reader of another table",
        "claim C1, quantity own: got metric of kl, expected of metrics or aggregate or fidelity",
        claim(table="kl"),
    ),
    claimed(
        "an empty claim", "claims.0.id: got nothing, expected a value (the key is required)", instead("claims: [{}]")
    ),
    claimed("no claims", "the file: got None, …", instead("")),
    Case("claims that are not YAML", "claims", "claims.yaml: got invalid YAML (…), …", instead("claims: [")),
    Case(
        "claims that call Python",
        "claims",
        "claims.yaml: got invalid YAML (could not determine a constructor …), …",
        instead("claims: !!python/object/apply:os.mknod [sprung]"),
    ),
    Case(
        "a folder in place of the claims",
        "claims",
        "claims.yaml: got Is a directory, expected a YAML file. Correct the path.",
        lambda: in_place_of("claims.yaml"),
    ),
    Case(
        "a missing table of a claim",
        "claims",
        "claim C1, quantity own: got no file …, expected a table with rows of fashion_mnist, n_vae. Make it with … "
        "or pass --allow-missing.",
    ),
    Case(
        "a missing run of a claim",
        "claims",
        f"claim C1, quantity own: got no such row in {TABLE}, expected a table with rows of fashion_mnist, cvae. …",
        claim(variant="cvae"),
    ),
    Case(
        "a table of a claim that is not text",
        "claims",
        f"claim C1, quantity own from {TABLE}: got no table ('utf-8' codec …), expected a CSV … Make it with …",
        lambda: (claim()(), put(TABLE, b"\x80\xff\0")),
    ),
    Case(
        "a table of a claim with a word in place of a number",
        "claims",
        f"claim C1, quantity own from {TABLE}, column value: got 'many', expected finite numbers. …",
        lambda: (claim()(), put(TABLE, FINE.replace(",1\n", ",many\n"))),
    ),
    Case(
        "a document that is not text",
        "claims --readme README.md",
        "--readme: got README.md ('utf-8' codec …), expected a text. Correct the path.",
        lambda: (claim()(), put("README.md", b"\xff")),
    ),
]

KNOWN_DATA = "expected one of dial, dial_clone, …"
COMMANDS = [
    Case(
        "a figure of an unknown profile",
        "draw fig04 --profile full",
        "profile: got 'full', expected one of demo, paper, smoke. …",
    ),
    Case(
        "an unknown data set",
        "prepare cifar",
        f"data set: got 'cifar', {KNOWN_DATA} Correct the name, or add a section …",
    ),
    Case("a path in place of a data set", "train ../../etc", f"data set: got '../../etc', {KNOWN_DATA}"),
    Case("an unknown variant", "train glyphs --variant vae", "variant: got 'vae', expected one of ac_gan, …"),
    Case("an unknown figure", "draw fig99", "figure: got 'fig99', expected the beginning of exactly one of fig01_…"),
    Case("several figures", "draw fig0", "figure: got 'fig0', expected the beginning of exactly one of fig01_…"),
    Case("an unknown claim", "claims C99", "claim: got 'C99', expected one of C1, … Pass one of these."),
    Case(
        "an unknown data set to fetch",
        "fetch cifar",
        "data set: got 'cifar', expected one of mnist, fashion_mnist, yale_b. …",
    ),
    Case(
        "a built-in data set to fetch",
        "fetch glyphs",
        "data set: got glyphs, which is built in, expected a real one. …",
    ),
    Case(
        "a real data set to draw",
        "draw-data mnist",
        "data set: got mnist, which is not drawn, … Run `nvae fetch mnist` …",
    ),
    Case(
        "a calibration without a dial",
        "calibration mnist",
        "data set: got mnist, whose share of exclusive factors cannot be set, expected a dial, …",
    ),
    Case(
        "a check of the detector without faces",
        "prepare mnist --check-detector",
        "--check-detector: got mnist of kind idx, expected a data set of kind faces. Leave it out.",
    ),
    Case(
        "a change without a value", "try-settings glyphs --set x", "change: got 'x', expected KEY=VALUE. For example …"
    ),
    Case(
        "a change of an unknown key",
        "try-settings glyphs --set colour=1",
        f"changes.colour: got an unknown key, expected one of … {EDIT}",
    ),
    Case(
        "a change out of range",
        "try-settings glyphs --set class_dims=-3",
        f"changes.class_dims: got -3, expected greater than 0. {EDIT}",
    ),
    Case(
        "a change that is not YAML",
        "try-settings glyphs --set class_dims=[",
        "change: got 'class_dims=[' (…), expected KEY=VALUE with a value in YAML. For example --set class_dims=8.",
    ),
    Case(
        "a training without its data",
        "train glyphs",
        "data/prepared/paper/glyphs.npz: got no such file, expected a prepared set. Make it with `nvae prepare …",
    ),
    *(
        Case(
            f"{threads} threads",
            f"kl glyphs --data set.npz --model model --threads {threads}",
            f"--threads: got {threads}, expected 1 to 1024. Omit the option to use one thread.",
            model(),
        )
        for threads in (0, 1 << 40)
    ),
    Case(
        "some of the claims for a document",
        "claims C1 --readme README.md",
        "--readme: got with ids, expected all claims. Leave out the ids or --readme.",
    ),
    Case(
        "claims written to a text file",
        "claims --out claims.txt",
        "--out: got claims.txt, expected a name that ends in .json. …",
    ),
    Case(
        "a missing document",
        "claims --allow-missing --readme none.md",
        "--readme: got no file none.md, expected a document. Correct the path.",
    ),
    Case(
        "a restore outside of a project",
        "restore",
        "dvc.lock: got no such file, expected a project's root. Change to the root.",
    ),
    Case(
        "a comparison of a folder without results",
        "compare none --out all.csv",
        "none: got no results of profile paper to compare, expected a project's folder with … Correct …",
    ),
    Case(
        "a comparison of an unknown figure",
        "compare none --figure fig99",
        "figure: got 'fig99', expected the beginning of exactly one of fig01_…",
    ),
    Case(
        "a reproduction outside of a project",
        "reproduce",
        "Snakefile: got no such file, expected a project's root. Change to the root.",
    ),
    Case(
        "a reproduction in the project itself",
        "reproduce --out .",
        "--out: got ., which has the project in it, expected an empty or new folder, or one of an earlier … Choose …",
        lambda: put("Snakefile", ""),
    ),
    Case(
        "a reproduction in a folder around the project",
        "reproduce --out ..",
        "--out: got .., which has the project in it, expected an empty or new folder, or one of an earlier … Choose …",
        lambda: put("Snakefile", ""),
    ),
    Case(
        "a reproduction in a folder with other files",
        "reproduce --out data",
        "--out: got data, which has other files, expected an empty or new folder, or one of an earlier … Choose …",
        lambda: put("Snakefile", ""),
    ),
    Case(
        "a reproduction without cores",
        "reproduce --cores 0",
        "--cores: got 0, expected 1 or more. Omit the option to use all cores.",
        lambda: put("Snakefile", ""),
    ),
]

CASES = [*CLAIMS, *COMMANDS]
