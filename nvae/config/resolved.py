"""One profile's configuration, merged and checked: every question that the code asks of it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, NonNegativeInt, ValidationError
from pydantic_core import ErrorDetails

from nvae.config.schema import (
    DataParams,
    EvaluationParams,
    ExecutionParams,
    FacesData,
    IdxData,
    NVaeParams,
    SamplingParams,
    Section,
    TrainingParams,
    TraversalParams,
    Variant,
)
from nvae.errors import UserError


class Config(Section):
    """The whole configuration of one profile."""

    profile: str
    datasets: dict[str, str]
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(strict=False, min_length=1)]
    execution: ExecutionParams
    data: dict[str, DataParams]
    n_vae: dict[str, dict[str, Any]]
    training: dict[str, dict[str, Any]]
    variants: dict[str, Variant]
    traversal: TraversalParams
    sampling: SamplingParams
    evaluation: EvaluationParams

    def data_params(self, dataset: str) -> IdxData | FacesData:
        """How ``dataset`` is prepared.

        Raises:
            UserError: no such data set.
        """
        if dataset not in self.data:
            raise UserError(
                "data set",
                got=repr(dataset),
                expected=f"one of {', '.join(sorted(self.data))}",
                mend="Correct the name, or add a section for it under `data` in params.yaml.",
            )
        return self.data[dataset]

    def model_params(self, dataset: str, variant: str, changes: Mapping[str, Any] | None = None) -> NVaeParams:
        """The model's parameters on ``dataset``: defaults, the data set's changes, the variant's, then ``changes``.

        Raises:
            UserError: no such data set or variant, or a wrong key or value among the changes.
        """
        self.data_params(dataset)
        chosen = self.variant(variant)
        base = {**self.n_vae.get("defaults", {}), **self.n_vae.get(dataset, {})}
        layers = {f"{chosen.model}.{dataset}": base, f"variants.{variant}.changes": chosen.changes, "changes": changes}
        return _checked_layers(NVaeParams, layers)

    def training_params(self, dataset: str, changes: Mapping[str, Any] | None = None) -> TrainingParams:
        """The protocol on ``dataset``: defaults, the data set's changes, then ``changes``.

        Raises:
            UserError: no such data set, or a wrong key or value.
        """
        self.data_params(dataset)
        base = {**self.training.get("defaults", {}), **self.training.get(dataset, {})}
        return _checked_layers(TrainingParams, {f"training.{dataset}": base, "changes": changes})

    def variant(self, variant: str) -> Variant:
        """The entry of ``variants``.

        Raises:
            UserError: no such variant.
        """
        if variant not in self.variants:
            raise UserError(
                "variant",
                got=repr(variant),
                expected=f"one of {', '.join(sorted(self.variants))}",
                mend="Correct the name, or add it under `variants` in params.yaml.",
            )
        return self.variants[variant]

    def slice(self, verb: str, *, dataset: str = "", variant: str = "", seed: int | str = 0) -> str:
        """The part of the configuration that a verb's result depends on, as canonical JSON.

        Rules carry it as a parameter: a changed key reruns its readers and nothing else.

        Args:
            verb: a verb of the command line that reads ``params.yaml``.
            dataset: for verbs of one data set.
            variant: for ``train``.
            seed: for ``train``.

        Raises:
            UserError: an unknown data set or variant.
        """
        content: dict[str, object]
        match verb:
            case "draw-data":
                drawn = self.data_params(dataset).drawn
                content = {"drawn": drawn.model_dump() if drawn else None}
            case "prepare":
                content = self.data_params(dataset).model_dump(exclude={"drawn"})
            case "train":
                content = {
                    "variant": self.variant(variant).model,
                    "model": self.model_params(dataset, variant).model_dump(),
                    "training": self.training_params(dataset).model_dump(),
                    "seed": int(seed),
                }
            case "traverse":
                content = self.traversal.model_dump()
            case "sample":
                content = self.sampling.model_dump()
            case "evaluate":
                content = self.evaluation.model_dump()
            case _:
                raise ValueError(f"the verb {verb!r} reads no configuration")
        return json.dumps(content, sort_keys=True)


_S = TypeVar("_S", bound=Section)


def checked(kind: type[_S], content: object, where: str) -> _S:
    """``content`` as a section.

    Args:
        kind: the section.
        content: what the YAML held.
        where: the key of the section, for the message.

    Raises:
        UserError: for the first wrong key or value.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(
            ".".join(filter(None, [where, *_location(first)])),
            got=_got(first),
            expected=_expected(first, kind),
            mend="Edit params.yaml; each key's comment says what it takes.",
        ) from None


def _checked_layers(kind: type[_S], layers: Mapping[str, Mapping[str, Any] | None]) -> _S:
    """The section that results when each layer is laid over those before; an error names its layer."""
    content: dict[str, Any] = {}
    for where, layer in layers.items():
        if layer or not content:
            content.update(layer or {})
            section = checked(kind, content, where)
    return section


def _location(error: ErrorDetails) -> list[str]:
    names = [str(name) for name in error["loc"]]
    # Below ``data.<name>`` pydantic inserts the kind that it chose the section by.
    if names[:1] == ["data"] and len(names) > 3:
        del names[2]
    return [*names, "kind"] if error["type"].startswith("union_tag") else names


def _got(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return "nothing"
        case "extra_forbidden":
            return "an unknown key"
        case "union_tag_invalid":
            return repr(error["ctx"]["tag"])
        case _:
            return repr(error["input"])


def _expected(error: ErrorDetails, kind: type[Section]) -> str:
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return "a value (the key is required)"
        case "extra_forbidden":
            return f"one of {', '.join(kind.model_fields)}" if len(error["loc"]) == 1 else "a key that this section has"
        case "union_tag_invalid":
            return str(error["ctx"]["expected_tags"])
        case _:
            return error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
