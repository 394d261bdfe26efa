"""Wrong contents of params.yaml, each with the expected error message."""

from collections.abc import Callable
from typing import Any

import yaml

from tests.unit.wrong_world import Case, added, in_place_of, laughs, params, put

PREPARE = "prepare mnist --out out/set.npz"
EDIT = "Edit params.yaml; the comment of each key describes its values."
NO_KEY = "got an unknown key, expected a key of this section"


def setting(name: str, message: str, **changes: Any) -> Case:
    """Return a case of a key or value that the configuration refuses."""
    return Case(name, PREPARE, f"{message}. {EDIT}", params(**changes))


def whole(name: str, message: str, **changes: Any) -> Case:
    """Return a case of keys that contradict each other, with the whole message."""
    return Case(name, PREPARE, message, params(**changes))


UNKNOWN_KEYS = [
    setting("an unknown section", "seed: got an unknown key, expected one of profile, datasets, …", seed=0),
    setting("an unknown key of a section", f"execution.devise: {NO_KEY}", execution__devise="cpu"),
    setting("an unknown key of a data set", f"data.yale_b.crop: {NO_KEY}", data__yale_b__crop=1),
    setting(
        "an unknown key of a nested section", f"data.yale_b.expected.faces: {NO_KEY}", data__yale_b__expected__faces=1
    ),
    setting(
        "an unknown key of a model",
        "models.n_vae.defaults.lambda: got an unknown key, expected one of backbone, …",
        models__n_vae__defaults__lambda=2.0,
    ),
    whole(
        "an unknown key of all models",
        "models.common.defaults.width: got an unknown key, expected a key of some model: … Edit params.yaml.",
        models__common__defaults__width=3,
    ),
    whole(
        "an unknown model",
        "models.vae: got an unknown section, expected the sections ac_gan, … Edit params.yaml.",
        models__vae={"defaults": {}},
    ),
    setting("an unknown key of training", "training.mnist.epoch: got an unknown key, …", training__mnist__epoch=3),
    setting("an unknown key of a variant", f"variants.n_vae.colour: {NO_KEY}", variants__n_vae__colour=1),
    setting(
        "an unknown key that a variant changes",
        "variants.cvae.changes.class_bias: got an unknown key, expected one of …",
        variants__cvae__changes={"class_bias": True},
    ),
    setting(
        "an unknown key of a variant's training",
        "variants.n_vae.training.rate: got an unknown key, …",
        variants__n_vae__training={"rate": 1},
    ),
    setting("an unknown key of a profile", "sead: got an unknown key, …", profiles__paper={"sead": 1}),
    *(
        whole(
            f"{section} of an unknown data set",
            f"{section}.cifar: got a data set without a `data` section, expected one of … Correct the name in "
            "params.yaml.",
            **{f"{section.replace('.', '__')}__cifar": {}},
        )
        for section in ("models.n_vae", "training", "responses.features")
    ),
]

WRONG_TYPES = [
    setting("text in place of a number", "seeds.0: got 'zero', expected integer", seeds=["zero"]),
    setting("a number in quotes", "…class_weight: got '2', expected number", models__n_vae__mnist__class_weight="2"),
    setting("a number in place of a list", "seeds: got 0, expected tuple", seeds=0),
    setting(
        "true in place of a number", "training.mnist.epochs: got True, expected integer", training__mnist__epochs=True
    ),
    setting(
        "a fraction in place of a size", "…mnist.class_dims: got 2.5, …integer…", models__n_vae__mnist__class_dims=2.5
    ),
    setting("a list in place of a section", "data: got [], expected dictionary", data=[]),
    setting("nothing in place of a section", "models: got None, expected dictionary", models=None),
    setting("text in place of a variant", "variants.cvae: got 'cvae', …", variants__cvae="cvae"),
    setting("an incomplete section", "data.yale_b.expected.kept: got nothing, …", data__yale_b__expected={"usable": 1}),
    setting(
        "a model's key that is missing in all sections",
        "models.common.defaults.beta: got nothing, …",
        models__beta_vae={},
    ),
    setting("a long list in place of a number", "seeds.0: got [0, 0, …, expected integer", seeds=[[0] * 1000]),
    Case("a number in place of a key", PREPARE, f"3: got …, expected … {EDIT}", added("\n3: 4\n")),
    whole("a list in place of the profiles", "profiles: got [], expected a mapping of profile names. …", profiles=[]),
    whole(
        "a number in place of a profile",
        "profiles.paper: got 3, expected a mapping of changed keys. …",
        profiles__paper=3,
    ),
    whole("a number in place of a profile's name", "profile: got 'paper', expected one of 1. …", profiles={1: {}}),
    whole(
        "a list in place of a profile's name",
        "profile: got ['paper'], expected one of demo, paper, smoke. …",
        profile=["paper"],
    ),
]

OUT_OF_RANGE = [
    setting("a negative seed", "seeds.0: got -1, expected greater than or equal to 0", seeds=[-1]),
    setting("a seed given twice", "seeds: got [0, 0], expected distinct values", seeds=[0, 0]),
    setting("no seed", "seeds: got [], …", seeds=[]),
    setting("no hidden layer", "models.common.defaults.hidden: got [], …", models__common__defaults__hidden=[]),
    setting("a weight of 0", "…class_weight: got 0.0, expected greater than 0", models__n_vae__mnist__class_weight=0.0),
    setting("zero latents", "models.common.mnist.latent_dims: got 0, …", models__common__mnist__latent_dims=0),
    setting("a negative penalty", "…gradient_penalty: got -1.0, …", models__cgan__defaults__gradient_penalty=-1.0),
    setting("an unknown likelihood", "…likelihood: got 'poisson', …", models__common__defaults__likelihood="poisson"),
    setting("zero epochs", "training.defaults.epochs: got 0, expected greater than 0", training__defaults__epochs=0),
    setting("a momentum of 1", "…adam_beta1: got 1.0, expected less than 1", training__defaults__adam_beta1=1.0),
    setting("an infinite rate", "….learning_rate: got inf, …finite…", training__defaults__learning_rate=float("inf")),
    setting(
        "a rate that is not a number", "….learning_rate: got nan, …", training__defaults__learning_rate=float("nan")
    ),
    setting(
        "a test set of all images", "…test_fraction: got 1.0, expected less than 1", data__yale_b__test_fraction=1.0
    ),
    setting("an unknown angle", "data.yale_b.angle: got 'elevation', …'true'", data__yale_b__angle="elevation"),
    setting("an unknown kind of data", "data.….kind: got 'tar', expected 'idx', 'faces', …", data__mnist__kind="tar"),
    setting("a σ of 0", "augmentation.sigmas.0: got 0.0, expected greater than 0", augmentation__sigmas=[0.0]),
    setting(
        "a σ given twice", "augmentation.sigmas: got [1.0, 1.0], …distinct values", augmentation__sigmas=[1.0, 1.0]
    ),
    setting("a share above 1", "….generated_shares.0: got 1.5, …", augmentation__generated_shares=[1.5]),
    setting("zero neighbours", "fidelity.neighbours: got 0, …", fidelity__neighbours=0),
    setting("an unknown device", "execution.device: got 'tpu', …", execution__device="tpu"),
    setting(
        "an unknown model of a variant",
        "variants.cvae.model: got 'vae', expected 'n_vae', …",
        variants__cvae__model="vae",
    ),
    whole(
        "a classifier of another kind of model",
        "variants.classifier.model: got 'cvae', expected classifier. Edit params.yaml: this variant evaluates samples.",
        variants__classifier__model="cvae",
    ),
    whole("an unknown profile", "profile: got 'full', expected one of demo, paper, smoke. …", profile="full"),
    whole("an empty range", "traversals.low: got 3.0, expected less than traversals.high. …", traversals__low=3.0),
    whole(
        "a warm-up longer than the run",
        "kl_warmup_epochs of variant … on …: got 999, expected at most the … epochs. Edit `training` in params.yaml.",
        training__defaults__kl_warmup_epochs=999,
    ),
    whole("an unknown role", "datasets: got […'letters'], expected the roles …", datasets__letters="mnist"),
    whole("a role of an unknown data set", "data set: got 'cifar', expected one of dial, …", datasets__digits="cifar"),
    Case(
        "a box outside the frame",
        "prepare yale_b --out out/set.npz",
        "inner_box: got [0.0, 0.0, 1.5, 1.0], expected left, top, right, bottom as fractions with … Edit params.yaml.",
        params(data__yale_b__inner_box=[0.0, 0.0, 1.5, 1.0]),
    ),
]

PLAIN = "expected a name of letters, digits and underscores that begins with a letter"


def one_more(section: str, like: str, name: str) -> Callable[[], object]:
    """Return a function that adds an entry with any name, as a copy of another one."""

    def change() -> None:
        with open("params.yaml", encoding="utf-8") as stream:  # noqa: PTH123
            content = yaml.safe_load(stream)
        content[section][name] = content[section][like]
        put("params.yaml", yaml.safe_dump(content))

    return change


# These names would become parts of paths, shell commands, Snakemake's patterns and the page of the report.
HOSTILE = ("<script>alert(1)</script>", "x; touch sprung", "$(touch sprung)", "../../evil", "mnist|.*", "-x", "", "a b")
NAMES = [
    *(
        Case(
            f"a data set named {name!r}",
            PREPARE,
            f"data.{name}: got {name!r}, {PLAIN}. {EDIT}" if name else f"data: got '', {PLAIN}. {EDIT}",
            one_more("data", "mnist", name),
        )
        for name in HOSTILE
    ),
    Case("a line feed in a name", PREPARE, f"data.x : got 'x\\n', {PLAIN}. {EDIT}", one_more("data", "mnist", "x\n")),
    Case(
        "a variant named <b>",
        PREPARE,
        f"variants.<b>: got '<b>', {PLAIN}. {EDIT}",
        one_more("variants", "cvae", "<b>"),
    ),
    setting("a family named like a path", f"data.dial.family: got '../x', {PLAIN}", data__dial__family="../x"),
    Case(
        "a profile named like a path",
        f"{PREPARE} --profile ../x",
        f"profile: got '../x', {PLAIN}. {EDIT}",
        one_more("profiles", "demo", "../x"),
    ),
]


def no_yaml(name: str, why: str, spoil: Callable[[], object]) -> Case:
    """Return a case of a file that cannot be read as YAML."""
    return Case(name, PREPARE, f"params.yaml: got invalid YAML ({why}), expected YAML. Correct the file.", spoil)


def instead(content: str | bytes) -> Callable[[], object]:
    """Return a function that replaces the content of params.yaml."""
    return lambda: put("params.yaml", content)


NO_CONSTRUCTOR = "could not determine a constructor for the tag 'tag:yaml.org,2002:python/object…"
NO_FILE = [
    setting("a missing section", "samples: got nothing, expected a value (the key is required)", samples=...),
    setting("a missing key", "data.yale_b.height: got nothing, …", data__yale_b__height=...),
    whole("no profiles", "profiles: got None, expected a mapping of profile names. Edit params.yaml.", profiles=...),
    Case(
        "no params.yaml",
        f"{PREPARE} --params none.yaml",
        "parameters: got no file none.yaml, expected a YAML file. Run from the project's root or pass --params.",
    ),
    Case(
        "a folder in place of params.yaml",
        PREPARE,
        "params.yaml: got Is a directory, expected a YAML file. Correct the path.",
        lambda: in_place_of("params.yaml"),
    ),
    Case("an empty params.yaml", PREPARE, "params.yaml: got NoneType, expected a mapping of sections. …", instead("")),
    Case(
        "a list in place of all sections",
        PREPARE,
        "params.yaml: got list, expected a mapping of sections. Correct the file.",
        instead("- 1\n"),
    ),
    no_yaml("an open bracket", "while parsing …", instead("a: [")),
    no_yaml("bytes that are not UTF-8", "'utf-8' codec can't decode byte 0xff …", instead(b"seeds: [\xff]")),
    no_yaml("bytes that are not text", "unacceptable character …", instead(b"a\0b")),
    no_yaml("a key given twice", "the key seeds is given twice …", added("\nseeds: [1]\n")),
    no_yaml("a tag that calls Python", NO_CONSTRUCTOR, added("\nx: !!python/object/apply:os.mknod [sprung]\n")),
    no_yaml("a tag that makes an object", NO_CONSTRUCTOR, added("\nx: !!python/object:pathlib.Path {}\n")),
    no_yaml("a billion laughs", "more than 100,000 values…", added(laughs("[*]"))),
    no_yaml("a billion merged keys", "more than 100,000 values…", added(laughs("{<<: [*]}"))),
    no_yaml("a list that contains itself", "a value that contains itself …", added("\nx: &x [*x]\n")),
    no_yaml("a mapping that contains itself", "a value that contains itself …", added("\nx: &x {y: *x}\n")),
    no_yaml("many open brackets", "…recursion…", instead("x: " + "[" * 600)),
    no_yaml("an invalid date", "month must be in 1..12", added("\nx: 2019-13-45\n")),
    no_yaml("an invalid truth value", "'perhaps'", added("\nx: !!bool perhaps\n")),
    no_yaml("an invalid time", "…", added("\nx: !!timestamp soon\n")),
    no_yaml("a number of many digits", "Exceeds the limit …", added(f"\nx: {'9' * 10_000}\n")),
]

CASES = [*UNKNOWN_KEYS, *WRONG_TYPES, *OUT_OF_RANGE, *NAMES, *NO_FILE]
