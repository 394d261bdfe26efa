"""Reading of ``params.yaml``: base values, the changes of a profile, and the check of the whole configuration."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from nvae.config.resolved import CLASSIFIER, Config, checked
from nvae.config.schema import MODEL_PARAMS
from nvae.errors import UserError

ROLES = ("digits", "fashion", "faces")


def load(path: Path, *, profile: str | None = None) -> Config:
    """Read, merge and check ``params.yaml``.

    Args:
        path: Path of the file.
        profile: Name of the profile; None takes the ``profile`` key of the file.

    Returns:
        The checked configuration of the profile.

    Raises:
        UserError: If the file is missing or no YAML, or a key or value is wrong.
    """
    raw = read_yaml(path, what="parameters", option="--params")
    if not isinstance(raw, dict):
        raise UserError(str(path), got=type(raw).__name__, expected="a mapping of sections", hint="Correct the file.")
    overlays = raw.pop("profiles", None)
    if not isinstance(overlays, dict):
        raise UserError("profiles", got=overlays, expected="a mapping of profile names", hint=f"Edit {path}.")
    name = raw.get("profile") if profile is None else profile
    if not isinstance(name, str) or name not in overlays:
        known = ", ".join(sorted(map(str, overlays)))
        raise UserError("profile", got=repr(name), expected=f"one of {known}", hint="Pass one of these.")
    overlay = {} if overlays[name] is None else overlays[name]
    if not isinstance(overlay, dict):
        raise UserError(
            f"profiles.{name}", got=repr(overlay), expected="a mapping of changed keys", hint=f"Edit {path}."
        )
    raw["profile"] = name
    config = checked(Config, _merged(raw, overlay), "")
    _check_whole(config, path)
    return config


def _check_whole(config: Config, path: Path) -> None:
    """Check what concerns several fields: roles, names of sections, and every combination of overrides."""
    if sorted(config.datasets) != sorted(ROLES):
        raise UserError(
            "datasets", got=sorted(config.datasets), expected=f"the roles {', '.join(ROLES)}", hint=f"Edit {path}."
        )
    _check_models(config, path)
    sections = {"training": config.training, **{f"models.{name}": content for name, content in config.models.items()}}
    families = sorted({config.family(name) for name in config.data})
    for section, content in sections.items():
        _check_names(section, content, ["defaults", *families], path)
    _check_names("responses.features", config.responses.features, sorted(config.data), path)
    if config.traversals.low >= config.traversals.high:
        raise UserError(
            "traversals.low", got=config.traversals.low, expected="less than traversals.high", hint=f"Edit {path}."
        )
    for dataset in (*config.datasets.values(), *config.data):
        for variant in config.variants:
            config.model_params(dataset, variant)
            params = config.training_params(dataset, variant)
            if params.kl_warmup_epochs > params.epochs:
                raise UserError(
                    f"kl_warmup_epochs of variant {variant} on {dataset}",
                    got=params.kl_warmup_epochs,
                    expected=f"at most the {params.epochs} epochs",
                    hint=f"Edit `training` in {path}.",
                )


def _check_names(section: str, names: Iterable[str], known: list[str], path: Path) -> None:
    """Check that the keys of a section are names of data sets."""
    for name in names:
        if name not in known:
            raise UserError(
                f"{section}.{name}",
                got="a data set without a `data` section",
                expected=f"one of {', '.join(known)}",
                hint=f"Correct the name in {path}.",
            )


def _check_models(config: Config, path: Path) -> None:
    """Check the sections of ``models``, the keys of ``models.common``, and the variant of the classifier."""
    expected = {"common", *MODEL_PARAMS}
    if set(config.models) != expected:
        wrong = sorted(set(config.models) ^ expected)[0]
        raise UserError(
            f"models.{wrong}",
            got="an unknown section" if wrong in config.models else "nothing",
            expected=f"the sections {', '.join(sorted(expected))}",
            hint=f"Edit {path}.",
        )
    known = {key for kind in MODEL_PARAMS.values() for key in kind.model_fields}
    for name, content in config.models["common"].items():
        for key in content:
            if key not in known:
                raise UserError(
                    f"models.common.{name}.{key}",
                    got="an unknown key",
                    expected=f"a key of some model: {', '.join(sorted(known))}",
                    hint=f"Edit {path}.",
                )
    if config.variant(CLASSIFIER).model != "classifier":
        raise UserError(
            f"variants.{CLASSIFIER}.model",
            got=repr(config.variant(CLASSIFIER).model),
            expected="classifier",
            hint=f"Edit {path}: this variant evaluates samples.",
        )


_MERGE = "tag:yaml.org,2002:merge"
#: Largest number of values in a file; a value counts each time that an alias refers to it. The project's own files have
#: a few thousand.
_MOST_VALUES = 100_000
# Exceptions of the loader for text that is no YAML: its own errors, and those of conversions by Python.
_NO_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)


class _CarefulLoader(yaml.SafeLoader):
    """A safe loader that refuses aliases that multiply, and keys that are given twice.

    The default loader would keep the last value of such a key.
    """

    def get_single_node(self) -> yaml.Node | None:
        """Return the root node of the document, after checking its number of values."""
        node = super().get_single_node()
        if node is not None and _values(node, {}) > _MOST_VALUES:
            raise yaml.YAMLError(f"more than {_MOST_VALUES:,} values, if each use of an alias counts")
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from its node, after checking that each key is unique."""
        # `<<`, YAML's merge key, is resolved later; a key of a merged mapping may be overridden on purpose.
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
        counts = Counter(key for key in keys if isinstance(key, Hashable))
        twice = sorted(str(key) for key, count in counts.items() if count > 1)
        if twice:
            raise yaml.MarkedYAMLError(problem=f"the key {twice[0]} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _values(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return the number of values in a node, itself included.

    Args:
        node: Node of the document.
        known: Counts of the nodes visited before, by id; None while a node is being counted.
    """
    if id(node) not in known:
        known[id(node)] = None
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    found = known[id(node)]
    if found is None:
        raise yaml.MarkedYAMLError(problem="a value that contains itself", problem_mark=node.start_mark)
    return found


def read_yaml(path: Path, *, what: str, option: str) -> Any:
    """Read a YAML file in which no key is given twice, and which constructs no Python objects.

    Args:
        path: Path of the file.
        what: Description of the content, for the error message.
        option: Option of the command line that sets the path, for the error message.

    Raises:
        UserError: If the file is missing, no YAML, or has too many values.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_CarefulLoader)
    except FileNotFoundError:
        hint = f"Run from the project's root or pass {option}."
        raise UserError(what, got=f"no file {path}", expected="a YAML file", hint=hint) from None
    except OSError as error:
        raise UserError(str(path), got=error.strerror, expected="a YAML file", hint="Correct the path.") from None
    except _NO_YAML as error:
        raise UserError(str(path), got=f"invalid YAML ({error})", expected="YAML", hint="Correct the file.") from None


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` updated by ``overlay``: mappings are merged recursively, other values are replaced."""
    result = dict(base)
    for key, value in overlay.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
