"""Reading of ``params.yaml``: base values, the changes of a profile, and the check of the whole configuration."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nvae.config.reading import read_yaml
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
    _check_nulls(config, path)
    _check_models(config, path)
    sections = {"training": config.training, **{f"models.{name}": content for name, content in config.models.items()}}
    families = sorted({config.family(name) for name in config.data})
    for section, content in sections.items():
        _check_names(section, content, ["defaults", *families], path)
    _check_names("ladder.shared_dims", config.ladder.shared_dims, ["defaults", *families], path)
    if "defaults" not in config.ladder.shared_dims:
        raise UserError("ladder.shared_dims.defaults", got="nothing", expected="a list of sizes", hint=f"Edit {path}.")
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


def _check_nulls(config: Config, path: Path) -> None:
    """Check that every null is one of a data set with raw files."""
    nulls = config.nulls()
    for name in nulls:
        params = config.null_params(name)
        base = params.of
        if name != f"{base}_{params.kind}":
            raise UserError(
                f"data.{name}",
                got=f"a null of kind {params.kind} of {base}",
                expected=f"the name {base}_{params.kind}",
                hint=f"Correct it in {path}: figures look for nulls by this name.",
            )
        if base not in config.data or base in nulls:
            raise UserError(
                f"data.{name}.of",
                got=repr(base),
                expected=f"one of {', '.join(sorted(set(config.data) - set(nulls)))}",
                hint=f"Correct the name in {path}.",
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


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` updated by ``overlay``: mappings are merged recursively, other values are replaced."""
    result = dict(base)
    for key, value in overlay.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
