"""The configuration of one profile, merged and checked, with all methods that read it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nvae.config.schema import (
    MODEL_PARAMS,
    AggregateParams,
    AugmentationParams,
    CalibrationParams,
    CGanParams,
    ClassifierParams,
    DataParams,
    ExecutionParams,
    FactorsParams,
    FidelityParams,
    GroundTruthParams,
    LadderParams,
    MetricsParams,
    ModelParams,
    NullData,
    NVaeParams,
    PlainName,
    RawData,
    ResponsesParams,
    SamplesParams,
    Section,
    Seeds,
    TrainingParams,
    TransferParams,
    TraversalsParams,
    Variant,
)
from nvae.errors import UserError

#: The variant whose trained networks evaluate samples, and whose training protocol the augmentation study uses.
CLASSIFIER = "classifier"

#: The table whose models are trained with seeds of their own.
LADDER = "ladder"

_LONGEST = 200  # characters of a wrong value that an error message repeats


class Config(Section):
    """The whole configuration of one profile."""

    profile: PlainName
    datasets: dict[str, str]
    seeds: Seeds
    execution: ExecutionParams
    data: dict[PlainName, DataParams]
    models: dict[str, dict[str, dict[str, Any]]]
    training: dict[str, dict[str, Any]]
    variants: dict[PlainName, Variant]
    traversals: TraversalsParams
    samples: SamplesParams
    metrics: MetricsParams
    aggregate: AggregateParams
    augmentation: AugmentationParams
    fidelity: FidelityParams
    factors: FactorsParams
    responses: ResponsesParams
    calibration: CalibrationParams
    ground_truth: GroundTruthParams
    transfer: TransferParams
    ladder: LadderParams

    def data_params(self, dataset: str) -> RawData:
        """Return the entry of ``data`` of a data set that is prepared from raw files: how it is prepared.

        Raises:
            UserError: If there is no such data set, or it is a null.
        """
        params = self._entry(dataset)
        if isinstance(params, NullData):
            raise UserError(
                "data set",
                got=f"{dataset}, a null of {params.of}",
                expected="a data set with raw files",
                hint=f"Make it with `nvae null {dataset}`.",
            )
        return params

    def null_params(self, dataset: str) -> NullData:
        """Return the entry of ``data`` of a null: how it is made.

        Raises:
            UserError: If there is no such data set, or it is no null.
        """
        params = self._entry(dataset)
        if not isinstance(params, NullData):
            raise UserError(
                "data set",
                got=f"{dataset}, which has raw files",
                expected=f"one of {', '.join(self.nulls())}",
                hint=f"Make it with `nvae prepare {dataset}`.",
            )
        return params

    def nulls(self) -> list[str]:
        """Return the names of the nulls, sorted."""
        return sorted(name for name, params in self.data.items() if isinstance(params, NullData))

    def _entry(self, dataset: str) -> RawData | NullData:
        if dataset not in self.data:
            raise UserError(
                "data set",
                got=repr(dataset),
                expected=f"one of {', '.join(sorted(self.data))}",
                hint="Correct the name, or add a section for it under `data` in params.yaml.",
            )
        return self.data[dataset]

    def model_params(self, dataset: str, variant: str, changes: Mapping[str, Any] | None = None) -> ModelParams:
        """Return the model's parameters on a data set.

        Later layers override earlier ones: ``models.common``, of which a model takes the keys that it has, the model's
        section, the changes of the variant, and ``changes``. Each section has defaults and changes per data set.

        Args:
            dataset: A key of ``data``.
            variant: A key of ``variants``.
            changes: Changes that override all else.

        Raises:
            UserError: If there is no such data set or variant, or for a wrong key or value, named with its section.
        """
        chosen = self.variant(variant)
        kind = MODEL_PARAMS[chosen.model]
        layers: dict[str, Mapping[str, Any]] = {}
        for name in ("defaults", self.family(dataset)):
            common = self.models["common"].get(name, {})
            layers[f"models.common.{name}"] = {key: common[key] for key in common if key in kind.model_fields}
        for name in ("defaults", self.family(dataset)):
            layers[f"models.{chosen.model}.{name}"] = self.models[chosen.model].get(name, {})
        return _checked_layers(
            kind, {**layers, f"variants.{variant}.changes": chosen.changes, "changes": changes or {}}
        )

    def family(self, dataset: str) -> str:
        """Return the name under which a data set has its sections of ``models`` and ``training``, and its recipe."""
        params = self._entry(dataset)
        return self.family(params.of) if isinstance(params, NullData) else params.family or dataset

    def seeds_of(self, dataset: str, table: str = "") -> tuple[int, ...]:
        """Return the seeds of a data set's models: ``seeds`` if it has a role, otherwise ``ground_truth.seeds``.

        Args:
            dataset: A key of ``data``.
            table: Name of a table; that of the ladder has seeds of its own.
        """
        if table == LADDER:
            return self.ladder.seeds
        return self.seeds if dataset in self.datasets.values() else self.ground_truth.seeds

    def ladder_dims(self, dataset: str) -> tuple[int, ...]:
        """Return the sizes of z_s on a data set's ladder, in ascending order."""
        dims = self.ladder.shared_dims
        return tuple(sorted(dims.get(self.family(dataset), dims["defaults"])))

    def rungs(self, dataset: str, variant: str) -> list[NVaeParams]:
        """Return the parameters of every model on a data set's ladder.

        Each size of z_s is combined with each weight λ at the likelihood of the variant on this data set, and with the
        other likelihoods at its λ.

        Args:
            dataset: A key of ``data``.
            variant: A key of ``variants`` whose model is ``n_vae``.

        Raises:
            UserError: If the data set or the variant is unknown, or the variant's model has no blocks.
        """
        usual = self.model_params(dataset, variant)
        if not isinstance(usual, NVaeParams):
            raise UserError(
                "variant", got=variant, expected="a variant of n_vae, whose latents have blocks", hint="Choose another."
            )
        weights = sorted({usual.class_weight, *self.ladder.class_weights})
        settings = [(weight, usual.likelihood) for weight in weights]
        settings += [(usual.class_weight, other) for other in self.ladder.likelihoods if other != usual.likelihood]
        return [
            usual.model_copy(update={"shared_dims": dims, "class_weight": weight, "likelihood": likelihood})
            for weight, likelihood in settings
            for dims in self.ladder_dims(dataset)
        ]

    def classifier_params(self, dataset: str) -> ClassifierParams:
        """Return the classifier's parameters on a data set."""
        params = self.model_params(dataset, CLASSIFIER)
        assert isinstance(params, ClassifierParams)  # checked when the file was loaded
        return params

    def training_params(self, dataset: str, variant: str, changes: Mapping[str, Any] | None = None) -> TrainingParams:
        """Return the training protocol on a data set.

        Later layers override earlier ones: the defaults, the changes of the data set and of the variant, ``changes``.

        Raises:
            UserError: If there is no such data set or variant, or for a wrong key or value, named with its section.
        """
        names = ("defaults", self.family(dataset))
        layers = {f"training.{name}": self.training.get(name, {}) for name in names}
        layers[f"variants.{variant}.training"] = self.variant(variant).training
        return _checked_layers(TrainingParams, {**layers, "changes": changes or {}})

    def variant(self, variant: str) -> Variant:
        """Return the entry of ``variants``.

        Raises:
            UserError: If there is no such variant.
        """
        if variant not in self.variants:
            raise UserError(
                "variant",
                got=repr(variant),
                expected=f"one of {', '.join(sorted(self.variants))}",
                hint="Correct the name, or add it under `variants` in params.yaml.",
            )
        return self.variants[variant]

    def trained_as(self, dataset: str, variant: str) -> str:
        """Return the variant whose model on ``dataset`` can be copied instead of training this one.

        Among the variants that differ from this one only in their name, it is the one with the fewest changes; the
        order in ``variants`` does not matter. Most variants have no such equal and are returned themselves.

        Raises:
            UserError: If the data set or the variant is unknown.
        """

        def changes(name: str) -> tuple[int, str]:
            return len(self.variants[name].changes) + len(self.variants[name].training), name

        wanted = self.slice("train", dataset=dataset, variant=variant)
        alike = (name for name in self.variants if self.slice("train", dataset=dataset, variant=name) == wanted)
        return min(alike, key=changes)

    def slice(self, verb: str, *, dataset: str = "", variant: str = "", seed: int | str = 0) -> str:
        """Return the part of the configuration on which the result of a verb depends, as canonical JSON.

        It is a parameter of the verb's rule, so that a changed key reruns only the rules that read it.

        Args:
            verb: Name of the verb, ``draw-data``, ``prepare``, ``null`` or ``train``; for an analysis see `sections`.
            dataset: A key of ``data``.
            variant: A key of ``variants``, for ``train``.
            seed: Seed of the run, for ``train``.

        Raises:
            UserError: If the data set or the variant is unknown.
        """
        content: dict[str, object]
        match verb:
            case "draw-data":
                drawn = self.data_params(dataset).drawn
                content = {"drawn": drawn.model_dump() if drawn else None}
            case "prepare":
                content = self.data_params(dataset).model_dump(exclude={"drawn", "family"})
            case "null":
                content = self.null_params(dataset).model_dump(exclude={"of"})
            case "train":
                model = self.model_params(dataset, variant)
                content = {
                    "variant": self.variant(variant).model,
                    "model": model.model_dump(),
                    "training": self.training_params(dataset, variant).model_dump(),
                    "seed": int(seed),
                }
                if isinstance(model, CGanParams):
                    content["fidelity"] = self.fidelity.model_dump(include={"monitor_images_per_class", "neighbours"})
            case _:
                raise ValueError(f"the verb {verb!r} reads no configuration")
        return json.dumps(content, sort_keys=True)

    def sections(self, names: Iterable[str], *, dataset: str, variant: str) -> str:
        """Return parts of the configuration on which a result depends, as canonical JSON.

        Args:
            names: Names of sections (``aggregate``), of keys (``fidelity.images``), or of parts that are resolved for
                the data set and the variant: ``data``, ``model``, ``training``, ``classifier``,
                ``classifier_training``, ``features``, ``rungs``.
            dataset: A key of ``data``.
            variant: A key of ``variants``.

        Raises:
            UserError: If the data set or the variant is unknown.
        """
        return json.dumps({name: self._part(name, dataset, variant) for name in names}, sort_keys=True)

    def _part(self, name: str, dataset: str, variant: str) -> object:
        match name:
            case "data":
                return self.data_params(dataset).model_dump(exclude={"family"})
            case "model":
                return self.model_params(dataset, variant).model_dump()
            case "training":
                return self.training_params(dataset, variant).model_dump()
            case "classifier":
                return self.classifier_params(dataset).model_dump()
            case "classifier_training":
                return self.training_params(dataset, CLASSIFIER).model_dump()
            case "rungs":
                return {
                    "train_images": self.ladder.train_images,
                    "models": [params.model_dump() for params in self.rungs(dataset, variant)],
                }
            case "features":
                return self.responses.features.get(dataset, {})
        section, _, key = name.partition(".")
        content = getattr(self, section).model_dump()
        return content[key] if key else content


_S = TypeVar("_S", bound=Section)


def checked(kind: type[_S], content: object, where: str, *, origins: Mapping[str, str] | None = None) -> _S:
    """Return ``content`` as a checked section.

    Args:
        kind: Class of the section.
        content: Content of the YAML.
        where: Key of the section, for the error message.
        origins: Key → the section that it comes from, for keys of other sections.

    Raises:
        UserError: For the first wrong key or value.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        location = _location(first)
        section = (origins or {}).get(location[0], where) if location else where
        raise UserError(
            ".".join(filter(None, [section, *location])),
            got=_got(first),
            expected=_expected(first, kind),
            hint="Edit params.yaml; the comment of each key describes its values.",
        ) from None


def _checked_layers(kind: type[_S], layers: Mapping[str, Mapping[str, Any]]) -> _S:
    """Return the section in which later layers override earlier ones; an error names the layer of the key."""
    content = {key: value for layer in layers.values() for key, value in layer.items()}
    origins = {key: where for where, layer in layers.items() for key in layer}
    return checked(kind, content, next(iter(layers)), origins=origins)


def _location(error: ErrorDetails) -> list[str]:
    # pydantic marks a refused key with an additional "[key]", which is omitted here.
    names = [str(name) for name in error["loc"] if name != "[key]"]
    # Below ``data.<name>`` pydantic inserts the kind of data by which it chose the section.
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
            value = repr(error["input"])
            return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _expected(error: ErrorDetails, kind: type[Section]) -> str:
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return "a value (the key is required)"
        case "extra_forbidden":
            return f"one of {', '.join(kind.model_fields)}" if len(error["loc"]) == 1 else "a key of this section"
        case "union_tag_invalid":
            return str(error["ctx"]["expected_tags"])
        case _:
            return error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
