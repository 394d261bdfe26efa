"""Which latents know which factor, where the factors are known, and whether KL tells own factors from shared ones.

On one posterior sample an image, what the decoder sees: a dimension that has fallen back to the prior still has a
mean that follows the factor, scaled to nearly nothing, but its samples do not. R² is also given of the means, as the
literature has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.metrics import r2_score

from nvae.analyses.run import Run
from nvae.config import FactorsParams
from nvae.data.prepared import PreparedSet, Split
from nvae.inference.encoding import encode, posterior_samples, shared_columns
from nvae.measures.disentanglement import dci, mig, modularity, mutual_information_nats, sap
from nvae.measures.factor_kinds import (
    Columns,
    Factor,
    block_share,
    class_specific_share,
    exclusive_share,
    known_factors,
)
from nvae.measures.probes import neighbour_regression
from nvae.models.protocol import SHARED, LatentModel
from nvae.rng import torch_generator

Codes = npt.NDArray[np.float32]
#: ``factor`` of a number that is of all factors together.
ALL = "all"


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `factor_table`."""
    return factor_table(run.latent_model, run.data, run.config.factors, seed=run.seed, device=run.device)


def factor_table(
    model: LatentModel,
    data: PreparedSet,
    params: FactorsParams,
    *,
    seed: int,
    device: torch.device,
    splits: tuple[str, ...] = ("test",),
    scores: bool = True,
) -> pd.DataFrame:
    """What z_s, the class's own block and the other classes' blocks tell of every factor; scores; KL's verdict.

    Args:
        model: trained on ``data.train``.
        data: its factors known; probes are fitted on train.
        params: of the probes.
        seed: of the posterior samples.
        device: where the model is.
        splits: what is reported on.
        scores: whether mutual information, MIG and their like are among it; they take most of the time.

    Returns:
        Columns ``split``, ``factor`` (or ``all``), ``factor_kind`` (``shared``, ``exclusive`` or ``all``),
        ``factor_class`` (−1: shared), ``codes``, ``metric``, ``value``. ``codes`` is ``shared`` (z_s), ``own`` (the
        block of the image's class), ``others`` (the other blocks) or ``decoded`` (own and shared: what the decoder
        sees).

        Per factor: ``r2``, of posterior samples scaled by ``reliability``, and ``r2_of_means``, of posterior means, on
        images that the probe has not seen. An exclusive factor's is a regression among its class's images. A shared
        factor's from z_s is one regression for all images; from blocks, which mean something else in each class, one
        for each class, with the errors put together.
        ``mutual_information_nats`` is that of the most informative single dimension; like MIG and modularity it counts
        images in bins and takes the training images to those of the split, since few would say too much.
        Of all factors: ``mig``, ``sap``, ``dci_*`` and ``modularity`` of the decoded codes, mean over the classes (of
        z_s over all images where no factor is exclusive); ``exclusive_share``, the truth, beside ``kl_block_share``
        and ``kl_class_specific_share``, what KL says.

    Raises:
        UserError: factors unknown, or fewer training images in a class than neighbours.

    Source: not in the paper.
    """
    factors = known_factors(data)
    blocks = _Blocks(model)
    coded = {}
    for name in ("train", *splits):
        generator = torch_generator(seed, "posterior", name, device=device.type)
        coded[name] = _Coded.of(model, data.split(name), generator=generator, device=device)
    rows: list[tuple[str, str, str, int, str, str, float]] = []
    for name in splits:
        probe = _Probe(params, blocks, coded["train"], coded[name])
        for factor in factors:
            head = (name, factor.name, factor.kind, factor.label)
            for source in blocks.sources():
                rows += [(*head, source, metric, value) for metric, value in probe.r2(factor, source)]
                if scores:
                    rows.append((*head, source, "mutual_information_nats", probe.information(factor, source)))
        whole = dict(probe.scores(factors, seed=seed)) if scores else {}
        whole["exclusive_share"] = exclusive_share(factors, data.n_classes)
        if blocks.has_own:
            whole["kl_block_share"] = block_share(coded[name].kl, coded[name].labels, blocks.owners)
        whole["kl_class_specific_share"] = class_specific_share(coded[name].kl, coded[name].labels)
        rows += [(name, ALL, ALL, SHARED, "decoded", metric, value) for metric, value in whole.items()]
    return pd.DataFrame(rows, columns=["split", "factor", "factor_kind", "factor_class", "codes", "metric", "value"])


def factor_summary(table: pd.DataFrame) -> dict[str, float]:
    """The rows of one split in few numbers.

    Args:
        table: of ``factor_table``, one split.

    Returns:
        ``r2_{kind}_from_{codes}`` and ``lowest_…``, over the factors of a kind, and ``kl_block_share`` with blocks.
    """
    found: dict[str, float] = {}
    for (kind, codes), rows in table[table["metric"] == "r2"].groupby(["factor_kind", "codes"]):
        found[f"r2_{kind}_from_{codes}"] = float(rows["value"].mean())
        found[f"lowest_r2_{kind}_from_{codes}"] = float(rows["value"].min())
    share = table[table["metric"] == "kl_block_share"]["value"].tolist()
    return found | ({"kl_block_share": share[0]} if share else {})


def reliability(z: Codes, mu: Codes) -> npt.NDArray[np.float64]:
    """Var(μ) / (Var(μ) + E σ²) of each dimension: how much of the spread of its samples is signal.

    Neighbours are looked for among samples scaled by it, the best linear guess of μ from z. Unscaled, a dimension that
    has fallen back to the prior would count as much as one in use, and its noise would hide what the others know.

    Args:
        z: (n, dims), posterior samples.
        mu: (n, dims), their means.

    Returns:
        (dims,) between 0 and 1.

    Source: not in the paper; the reliability ratio of errors-in-variables regression (Fuller 1987).
    """
    signal = mu.var(axis=0, dtype=np.float64)
    noise = np.square(z - mu).mean(axis=0, dtype=np.float64)
    ratio: npt.NDArray[np.float64] = np.divide(
        signal, signal + noise, out=np.zeros_like(signal), where=signal + noise > 0
    )
    return ratio


class _Blocks:
    """Which columns of the latents are whose."""

    def __init__(self, model: LatentModel) -> None:
        self.owners: Columns = np.array([axis.latent_class for axis in model.axes()], dtype=np.int64)
        self._shared = shared_columns(model)
        self.has_own = bool((self.owners != SHARED).any())

    def sources(self) -> tuple[str, ...]:
        """What a factor can be read from."""
        return ("shared", "own", "others") if self.has_own else ("shared",)

    def columns(self, source: str, label: int) -> Columns:
        """The columns of a source in images of class ``label``."""
        match source:
            case "shared":
                return self._shared
            case "own":
                return np.flatnonzero(self.owners == label)
            case "others":
                return np.flatnonzero((self.owners != label) & (self.owners != SHARED))
            case "decoded":
                return np.flatnonzero((self.owners == label) | (self.owners == SHARED))
        raise ValueError(source)


@dataclass(frozen=True)
class _Coded:
    """A split and its codes.

    Args:
        labels: (n,).
        factors: (n, n_factors).
        z: (n, latents), one posterior sample an image.
        mu: (n, latents), posterior means.
        kl: (n, latents), nats.
    """

    labels: npt.NDArray[np.int64]
    factors: npt.NDArray[np.float64]
    z: Codes
    mu: Codes
    kl: Codes

    @classmethod
    def of(cls, model: LatentModel, split: Split, *, generator: torch.Generator, device: torch.device) -> "_Coded":
        """Encode a split whose factors are known."""
        assert split.factors is not None  # `known_factors` has seen to it
        encoded = encode(model, split, device=device)
        z = posterior_samples(model, split, generator=generator, device=device)
        return cls(split.labels, split.factors, z, encoded.mu, encoded.kl_nats)

    def rows(self, label: int) -> npt.NDArray[np.bool_]:
        """The images of a class, or (``SHARED``) all."""
        return np.full(len(self.labels), True) if label == SHARED else self.labels == label


class _Probe:
    """Reads factors from codes: fitted on the training images, judged on those of another split."""

    def __init__(self, params: FactorsParams, blocks: _Blocks, train: _Coded, held: _Coded) -> None:
        self._params, self._blocks, self._train, self._held = params, blocks, train, held
        self._guesses: dict[tuple[str, int, str], npt.NDArray[np.float64]] = {}

    def r2(self, factor: Factor, source: str) -> Iterator[tuple[str, float]]:
        """R² of one factor from samples and from means of one source."""
        groups = self._groups(factor, source)
        truth = np.concatenate([self._held.factors[self._held.rows(label), factor.column] for label in groups])
        for metric, kind in (("r2", "z"), ("r2_of_means", "mu")):
            guess = [self._predicted(factor, source, label, kind) for label in groups]
            yield metric, float(r2_score(truth, np.concatenate(guess)))

    def information(self, factor: Factor, source: str) -> float:
        """Mutual information of one factor and the source's most informative dimension, in nats."""
        information = []
        for label in self._groups(factor, source):
            z, known = self._counted(label, self._blocks.columns(source, label), [factor.column])
            information.append(mutual_information_nats(z, known, bins=self._params.bins).max())
        return float(np.mean(information))

    def _groups(self, factor: Factor, source: str) -> list[int]:
        """The classes whose images have a regression of their own; ``SHARED`` stands for one of all images."""
        if factor.label != SHARED:
            return [factor.label]
        return [SHARED] if source == "shared" else np.unique(self._held.labels).tolist()

    def scores(self, factors: tuple[Factor, ...], *, seed: int) -> Iterator[tuple[str, float]]:
        """MIG, SAP, DCI and modularity: mean over the classes, or of z_s over all images if no factor is exclusive."""
        owners = sorted({factor.label for factor in factors if factor.label != SHARED})
        by_class = []
        for label in owners or [SHARED]:
            columns = self._blocks.columns("decoded" if owners else "shared", label)
            used = [factor.column for factor in factors if factor.label in (SHARED, label)]
            train, held = self._train.rows(label), self._held.rows(label)
            z, truth = self._held.z[held][:, columns], self._held.factors[held][:, used]
            found = dci(self._train.z[train][:, columns], self._train.factors[train][:, used], z, truth, seed=seed)
            counted = self._counted(label, columns, used)
            by_class.append(
                {
                    "mig": mig(*counted, bins=self._params.bins),
                    "sap": sap(z, truth),
                    "dci_disentanglement": found.disentanglement,
                    "dci_completeness": found.completeness,
                    "dci_informativeness": found.informativeness,
                    "modularity": modularity(*counted, bins=self._params.bins),
                }
            )
        for metric in by_class[0]:
            yield metric, float(np.mean([scores[metric] for scores in by_class]))

    def _counted(self, label: int, columns: Columns, factors: list[int]) -> tuple[Codes, npt.NDArray[np.float64]]:
        """Codes and factors for the scores that count: the training images too, since nothing is fitted to them."""
        parts = [(split, split.rows(label)) for split in (self._train, self._held)]
        return (
            np.concatenate([split.z[rows][:, columns] for split, rows in parts]),
            np.concatenate([split.factors[rows][:, factors] for split, rows in parts]),
        )

    def _predicted(self, factor: Factor, source: str, label: int, kind: str) -> npt.NDArray[np.float64]:
        """The factor of the held images of a class, by the nearest training images of that class."""
        key = (source, label, kind)
        if key not in self._guesses:
            self._guesses[key] = self._regression(*key)
        return self._guesses[key][:, factor.column]

    def _regression(self, source: str, label: int, kind: str) -> npt.NDArray[np.float64]:
        """Every factor of the held images of a class, NaN where not all of its training images have it."""
        columns = self._blocks.columns(source, label)
        train, held = self._train.rows(label), self._held.rows(label)
        codes, held_codes = getattr(self._train, kind)[train][:, columns], getattr(self._held, kind)[held][:, columns]
        if kind == "z":
            scale = reliability(codes, self._train.mu[train][:, columns])
            codes, held_codes = codes * scale, held_codes * scale
        factors = self._train.factors[train]
        known = ~np.isnan(factors).any(axis=0)
        regression = neighbour_regression(
            codes,
            factors[:, known],
            neighbours=self._params.neighbours,
            weights=self._params.neighbour_weights,
            key="factors.neighbours",
            images="training images" + ("" if label == SHARED else f" of class {label}"),
        )
        guess = np.full((len(held_codes), factors.shape[1]), np.nan)
        guess[:, known] = regression.predict(held_codes)
        return guess
