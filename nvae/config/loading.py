"""Reading ``params.yaml``: base values, a profile's changes over them, and the check of the whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nvae.config.resolved import Config, checked
from nvae.errors import UserError

ROLES = ("digits", "clothes", "faces")


def load(path: Path, *, profile: str | None = None) -> Config:
    """Read, merge and check ``params.yaml``.

    Args:
        path: the file.
        profile: overrides the file's own ``profile`` key.

    Returns:
        The configuration of that profile, checked whole.

    Raises:
        UserError: the file is missing or no YAML, or a key or value is wrong.
    """
    raw = _read(path)
    overlays = raw.pop("profiles", None)
    if not isinstance(overlays, dict):
        raise UserError("profiles", got=overlays, expected="a mapping of profile names", mend=f"Edit {path}.")
    name = raw.get("profile") if profile is None else profile
    if name not in overlays:
        raise UserError(
            "profile", got=repr(name), expected=f"one of {', '.join(sorted(overlays))}", mend="Pass one of these."
        )
    raw["profile"] = name
    config = checked(Config, _merged(raw, overlays[name] or {}), "")
    _check_whole(config, path)
    return config


def _check_whole(config: Config, path: Path) -> None:
    """What no single field can know: roles, names of sections, every combination of overrides."""
    if sorted(config.datasets) != sorted(ROLES):
        raise UserError(
            "datasets", got=sorted(config.datasets), expected=f"the roles {', '.join(ROLES)}", mend=f"Edit {path}."
        )
    for section in ("n_vae", "training"):
        for name in getattr(config, section):
            if name != "defaults" and name not in config.data:
                raise UserError(
                    f"{section}.{name}",
                    got="a data set without a `data` section",
                    expected=f"defaults or one of {', '.join(sorted(config.data))}",
                    mend=f"Correct the name in {path}.",
                )
    if config.traversal.low >= config.traversal.high:
        raise UserError(
            "traversal.low", got=config.traversal.low, expected="less than traversal.high", mend=f"Edit {path}."
        )
    for dataset in (*config.datasets.values(), *config.data):
        params = config.training_params(dataset)
        if params.kl_warmup_epochs > params.epochs:
            raise UserError(
                f"training.{dataset}.kl_warmup_epochs",
                got=params.kl_warmup_epochs,
                expected=f"at most the {params.epochs} epochs",
                mend=f"Edit {path}.",
            )
        for variant in config.variants:
            config.model_params(dataset, variant)


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, where YAML's default would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from its node, once each key was seen to be unique."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.MarkedYAMLError(problem=f"the key {twice[0]} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except FileNotFoundError:
        raise UserError(
            "parameters",
            got=f"no file {path}",
            expected="a params.yaml",
            mend="Run from the project's root or pass --params.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(str(path), got=f"invalid YAML ({error})", expected="YAML", mend="Correct the file.") from None
    if not isinstance(content, dict):
        raise UserError(
            str(path), got=type(content).__name__, expected="a mapping of sections", mend="Correct the file."
        )
    return content


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``overlay`` laid over it: mappings merge, anything else is replaced."""
    result = dict(base)
    for key, value in overlay.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
