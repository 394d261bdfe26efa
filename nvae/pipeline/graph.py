"""The steps of a profile: what each one reads and makes. Snakemake's rules and DVC's stages are made from it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nvae import figures
from nvae.analyses import ANALYSES, Analysis
from nvae.claims import Claims
from nvae.config import CLASSIFIER, Config
from nvae.figures import FIGURES, SUFFIXES, FigureSpec
from nvae.layout import Layout, raw, raw_list
from nvae.models import MODELS
from nvae.pipeline import plans
from nvae.provenance.plan import Plan
from nvae.tables.schemas import TABLES, VARIANTS

#: Files of a trained model, by the name under which the rules know them.
MODEL_FILES = {
    "weights": "weights.safetensors",
    "description": "model.json",
    "history": "history.csv",
    "throughput": "throughput.csv",
}
#: Files of a model in half precision.
RELEASED_FILES = {"weights": "weights.safetensors", "description": "model.json", "rounding": "rounding.csv"}
_RELEASED_VARIANTS = ("n_vae", "beta_vae")

Run = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """One step of the pipeline, which is one job of Snakemake.

    Args:
        rule: Name of the rule.
        sources: Artefacts that are read, by name: files, or folders of several files.
        artefacts: Artefacts that are made, each with a sidecar.
        files: Files that are made, by name; Snakemake's outputs.
        make_plan: Function that returns the plan of the verb.
    """

    rule: str
    sources: Mapping[str, tuple[Path, ...]]
    artefacts: tuple[Path, ...]
    files: Mapping[str, Path]
    make_plan: Callable[[], Plan] = field(repr=False, compare=False)

    @cached_property
    def plan(self) -> Plan:
        """The settings and the code of the step."""
        return self.make_plan()

    @property
    def inputs(self) -> dict[str, list[str]]:
        """The files that Snakemake compares with those that are made, by name."""
        return {name: [str(file) for path in paths for file in files_of(path)] for name, paths in self.sources.items()}


def files_of(source: Path) -> tuple[Path, ...]:
    """Return the files that stand for an artefact among the inputs of a step.

    A model's folder stands for its weights and description, the folder of raw files for the list of their checksums,
    and a file for itself.
    """
    if source.parent == raw("any").parent:
        return (raw_list(source.name),)
    if source.suffix == "" and source.name.startswith("seed"):
        return (source / MODEL_FILES["weights"], source / MODEL_FILES["description"])
    return (source,)


class Pipeline:
    """The steps of one profile.

    Args:
        config: Configuration of the profile.
        claims: Claims that are evaluated.
    """

    def __init__(self, config: Config, claims: Claims) -> None:
        self.config = config
        self.claims_list = claims
        self.layout = Layout(config.profile)
        roles = config.datasets
        #: Data set and variant of the models that figures need. Claims need no others (a test checks this).
        self.runs: list[Run] = figures.runs(roles)
        #: Those that a figure shows by themselves, outside of an ablation.
        self.shown: list[Run] = figures.shown_runs(roles)
        #: Runs that would train the same model as another run, with its variant: that model is copied.
        self.aliases: dict[Run, str] = {
            (dataset, variant): first
            for dataset, variant in self.runs
            if (first := config.trained_as(dataset, variant)) != variant and (dataset, first) in self.runs
        }
        #: Table → the runs whose rows it has: those that a figure or a claim reads. History, metrics and, for encoders,
        #: KL also have every model that a figure shows.
        self.table_runs: dict[str, set[Run]] = {table: set() for table in TABLES}
        for figure in FIGURES:
            for need in figure.needs:
                if need.table in TABLES:
                    self.table_runs[need.table].update(need.about(roles))
        for table, role, variant in claims.needs():
            self.table_runs[table].add((roles[role], variant))
        for dataset, variant in self.shown:
            self.table_runs["history"].add((dataset, variant))
            self.table_runs["metrics"].add((dataset, variant))
            if MODELS[config.variant(variant).model].encodes:
                self.table_runs["kl"].add((dataset, variant))
        #: All data sets, with those that nulls are made from; nulls come last.
        self.datasets = self._datasets()

    def _datasets(self) -> list[str]:
        reading = [
            runs for table, runs in self.table_runs.items() if table in ANALYSES and "data" in ANALYSES[table].reads
        ]
        used = {dataset for runs in (self.runs, *reading) for dataset, _ in runs}
        nulls = used.intersection(self.config.nulls())
        used -= nulls
        return [*sorted(used | {self.config.null_params(name).of for name in nulls}), *sorted(nulls)]

    def raw_files(self, dataset: str) -> Step:
        """Return the step that fetches or draws the raw files of a data set."""
        drawn = self.config.data_params(dataset).drawn
        return Step(
            "draw_dataset" if drawn else "fetch_dataset",
            {},
            (raw(dataset),),
            {"manifest": raw_list(dataset)},
            lambda: plans.draw_data(self.config, dataset) if drawn else plans.fetch(dataset),
        )

    def prepared(self, dataset: str) -> Step:
        """Return the step that prepares a data set from its raw files, or that makes a null of another one."""
        path = self.layout.prepared(dataset)
        if dataset in self.config.nulls():
            base = {"data": (self.layout.prepared(self.config.null_params(dataset).of),)}
            return Step("make_null", base, (path,), {"data": path}, lambda: plans.null(self.config, dataset))
        boxes = getattr(self.config.data_params(dataset), "face_boxes", None)
        sources = {"raw": (raw(dataset),), **({"face_boxes": (Path(boxes),)} if boxes else {})}
        return Step("prepare_dataset", sources, (path,), {"data": path}, lambda: plans.prepare(self.config, dataset))

    def model(self, dataset: str, variant: str, seed: int | str) -> Step:
        """Return the step that trains a model, or that copies the model of an equal run."""
        folder = self.layout.model(dataset, variant, seed)
        files = {name: folder / file for name, file in MODEL_FILES.items()}
        if (dataset, variant) in self.aliases:
            source = self.layout.model(dataset, self.aliases[dataset, variant], seed)
            return Step(
                "alias_model",
                {"model": (source,)},
                (folder,),
                files,
                lambda: plans.alias(self.config, dataset, variant, int(seed)),
            )
        sources = {"data": (self.layout.prepared(dataset),)}
        if MODELS[self.config.variant(variant).model].monitored:
            sources["classifier"] = (self.classifier(dataset),)
        return Step(
            "train_model", sources, (folder,), files, lambda: plans.train(self.config, dataset, variant, int(seed))
        )

    def classifier(self, dataset: str) -> Path:
        """Return the folder of the classifier that evaluates all samples of a data set: the first seed's."""
        return self.layout.model(dataset, CLASSIFIER, self.first_seed(dataset))

    def first_seed(self, dataset: str) -> int:
        """Return the first seed of a data set's models, the one whose images are shown."""
        return self.config.seeds_of(dataset)[0]

    def analysis(self, name: str, dataset: str, variant: str, seed: int | str = "", kind: str = "") -> Step:
        """Return the step that computes the table of one run or, without a seed, the arrays of the first seed's."""
        spec = ANALYSES[name]
        number = int(seed) if seed != "" else self.first_seed(dataset)
        path = (
            self.layout.arrays(name, dataset, variant, kind)
            if spec.first_seed_alone
            else self.layout.run_table(name, dataset, variant, number)
        )
        return Step(
            name,
            self._analysis_sources(spec, dataset, variant, number),
            (path,),
            {"table": path},
            lambda: plans.analysis(self.config, name, dataset, variant, number),
        )

    def _analysis_sources(self, spec: Analysis, dataset: str, variant: str, seed: int) -> dict[str, tuple[Path, ...]]:
        known = {
            "data": self.layout.prepared(dataset),
            "model": self.layout.model(dataset, variant, seed),
            "classifier": self.classifier(dataset),
        }
        return {name: (known[name],) for name in spec.reads}

    def joined(self, table: str) -> Step:
        """Return the step that joins the tables, or the training histories, of all runs."""
        runs = [
            (dataset, variant, seed)
            for dataset, variant in sorted(self.table_runs[table])
            for seed in self.config.seeds_of(dataset, table)
        ]
        history = table == "history"
        tables = tuple(
            self.layout.model(*run) / MODEL_FILES["history"] if history else self.layout.run_table(table, *run)
            for run in runs
        )
        path = self.layout.table(table)
        rule = "collect_history" if history else "collect_table"
        return Step(rule, {"tables": tables}, (path,), {"table": path}, plans.collect)

    def variants(self) -> Step:
        """Return the step that writes the parameters of every variant."""
        path = self.layout.table(VARIANTS.name)
        return Step("variants", {}, (path,), {"table": path}, lambda: plans.variants(self.config))

    def metrics(self) -> Step:
        """Return the step that condenses the table of metrics."""
        sources = {"metrics": (self.layout.table("metrics"),)}
        path = self.layout.metrics
        return Step("summarise_metrics", sources, (path,), {"summary": path}, lambda: plans.summarise(self.config))

    def claims(self) -> Step:
        """Return the step that evaluates the claims."""
        tables = sorted({self.layout.table(table) for table, _, _ in self.claims_list.needs()})
        files = {"verdicts": self.layout.claims, "table": self.layout.claims.with_suffix(".csv")}
        return Step(
            "check_claims",
            {"claims": (Path("claims.yaml"),), "tables": tuple(tables)},
            tuple(files.values()),
            files,
            lambda: plans.claims(self.config),
        )

    def figure(self, spec: FigureSpec) -> Step:
        """Return the step that draws a figure."""
        files = {suffix: self.layout.figures / f"{spec.name}.{suffix}" for suffix in SUFFIXES}
        tables = tuple(spec.files(self.layout, self.config.datasets, self.config.seeds_of))
        return Step(spec.name, {"tables": tables}, tuple(files.values()), files, lambda: plans.draw(spec))

    def release(self, dataset: str, variant: str) -> Step:
        """Return the step that writes the first seed's model in half precision."""
        folder, seed = self.layout.release(dataset, variant), self.first_seed(dataset)
        return Step(
            "release_model",
            {"model": (self.layout.model(dataset, variant, seed),), "data": (self.layout.prepared(dataset),)},
            (folder,),
            {name: folder / file for name, file in RELEASED_FILES.items()},
            lambda: plans.release(self.config, variant, seed),
        )

    def figures(self) -> list[Step]:
        """Return the steps that draw the figures."""
        return [self.figure(spec) for spec in FIGURES]

    def models(self) -> list[Step]:
        """Return the steps that make the models."""
        return [
            self.model(dataset, variant, seed)
            for dataset, variant in self.runs
            for seed in self.config.seeds_of(dataset)
        ]

    def run_table_keys(self) -> list[tuple[str, str, str, int]]:
        """Return the tables of single runs as (table, data set, variant, seed)."""
        return [
            (table, dataset, variant, seed)
            for table in ANALYSES
            for dataset, variant in sorted(self.table_runs.get(table, ()))
            for seed in self.config.seeds_of(dataset, table)
        ]

    def run_tables(self) -> list[Step]:
        """Return the steps that compute the tables of single runs."""
        return [self.analysis(*key) for key in self.run_table_keys()]

    def arrays(self) -> list[Step]:
        """Return the steps that compute arrays of the first seed's models."""
        needs = sorted(
            {
                (need.table, *need.about(self.config.datasets)[0], getattr(need, "block", ""))
                for spec in FIGURES
                for need in spec.needs
                if need.table in ANALYSES and ANALYSES[need.table].first_seed_alone
            }
        )
        return [self.analysis(table, dataset, variant, kind=kind) for table, dataset, variant, kind in needs]

    def tables(self) -> list[Step]:
        """Return the steps that make the joined tables, the arrays and the table of variants."""
        return [*(self.joined(table) for table in TABLES if self.table_runs[table]), *self.arrays(), self.variants()]

    def releases(self) -> list[Step]:
        """Return the steps that write models in half precision: those that a figure shows on a data set with a role."""
        return [self.release(dataset, variant) for dataset, variant in self.shown if variant in _RELEASED_VARIANTS]

    def targets(self) -> list[Step]:
        """Return the steps whose results a complete run has; in profile paper, they are in git."""
        final = [*self.figures(), *self.tables(), self.metrics(), self.claims()]
        return [*final, *self.releases()] if self.config.profile == "paper" else final

    def steps(self) -> Iterator[Step]:
        """Yield every step of the profile; a step comes after those whose results it reads."""
        nulls = self.config.nulls()
        for dataset in self.datasets:
            if dataset not in nulls:
                yield self.raw_files(dataset)
            yield self.prepared(dataset)
        yield from sorted(self.models(), key=lambda step: step.rule == "alias_model")
        yield from self.run_tables()
        yield from self.tables()
        yield from (self.metrics(), self.claims(), *self.figures(), *self.releases())
