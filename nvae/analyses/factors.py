"""Prediction of known factors from latents, and detection of the class-exclusive factors by KL.

Factors are predicted from one posterior sample per image, the input of the decoder. In a dimension that has collapsed
to the prior, the posterior mean still follows the factor, scaled to nearly nothing, but the samples do not. R² from the
means is also reported, as in the literature.
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
#: Value of ``factor`` in the rows of a metric of all factors.
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
    """Compute the prediction of every factor from each kind of codes, disentanglement scores, and shares of KL.

    Args:
        model: Model that was trained on ``data.train``.
        data: Prepared set with known factors; probes are fitted on its training images.
        params: Parameters of the probes.
        seed: Seed of the posterior samples.
        device: Device on which the model is.
        splits: Names of the splits that are reported.
        scores: Whether to compute mutual information, MIG, SAP, DCI and modularity, which take most of the time.

    Returns:
        Columns ``split``, ``factor`` (or ``all``), ``factor_kind`` (``shared``, ``exclusive`` or ``all``),
        ``factor_class`` (−1: shared), ``codes``, ``metric``, ``value``. ``codes`` is ``shared`` (z_s), ``own`` (the
        block of the image's class), ``others`` (the other blocks) or ``decoded`` (own and shared, the input of the
        decoder).

        Per factor: ``r2`` from posterior samples scaled by ``reliability``, and ``r2_of_means`` from posterior means,
        both on images on which the probe was not fitted. An exclusive factor is predicted among the images of its
        class. A shared factor is predicted from z_s by one regression for all images, and from the blocks, which
        differ in meaning between classes, by one regression per class, whose errors are pooled.
        ``mutual_information_nats`` is that of the most informative single dimension. Like MIG and modularity it counts
        images in bins, of the training set and of the split together, since its estimate from few images is too large.
        For all factors: ``mig``, ``sap``, ``dci_*`` and ``modularity`` of the decoded codes, averaged over the classes
        (of z_s over all images if no factor is exclusive); ``exclusive_share``, the true share of exclusive factors;
        and its estimates from KL, ``kl_block_share`` and ``kl_class_specific_share``.

    Raises:
        UserError: If the factors are unknown, or a class has fewer training images than neighbours.

    Source: not in the paper.
    """
    factors = known_factors(data)
    blocks = _Blocks(model)
    coded = {}
    for name in ("train", *splits):
        generator = torch_generator(seed, "posterior", name, device=device.type)
        coded[name] = _Encoded.of(model, data.split(name), generator=generator, device=device)
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
    """Summarise the rows of one split.

    Args:
        table: Rows of ``factor_table`` for one split.

    Returns:
        For each kind of factor, the mean of R² as ``r2_{kind}_from_{codes}`` and its minimum as ``lowest_…``; for a
        model with class blocks also ``kl_block_share``.
    """
    found: dict[str, float] = {}
    for (kind, codes), rows in table[table["metric"] == "r2"].groupby(["factor_kind", "codes"]):
        found[f"r2_{kind}_from_{codes}"] = float(rows["value"].mean())
        found[f"lowest_r2_{kind}_from_{codes}"] = float(rows["value"].min())
    share = table[table["metric"] == "kl_block_share"]["value"].tolist()
    return found | ({"kl_block_share": share[0]} if share else {})


def reliability(z: Codes, mu: Codes) -> npt.NDArray[np.float64]:
    """Compute the share of signal in the variance of each dimension's samples, Var(μ) / (Var(μ) + E σ²).

    Neighbours are searched among samples scaled by this share, which gives the best linear prediction of μ from z.
    Without scaling, a dimension that has collapsed to the prior would count as much as a dimension in use, and its
    noise would hide the information of the others.

    Args:
        z: Posterior samples (n, dims).
        mu: Posterior means (n, dims).

    Returns:
        The shares (dims,), between 0 and 1.

    Source: not in the paper; the reliability ratio of errors-in-variables regression (Fuller 1987).
    """
    signal = mu.var(axis=0, dtype=np.float64)
    noise = np.square(z - mu).mean(axis=0, dtype=np.float64)
    ratio: npt.NDArray[np.float64] = np.divide(
        signal, signal + noise, out=np.zeros_like(signal), where=signal + noise > 0
    )
    return ratio


class _Blocks:
    """The columns of the latents that belong to each kind of codes."""

    def __init__(self, model: LatentModel) -> None:
        self.owners: Columns = np.array([axis.latent_class for axis in model.axes()], dtype=np.int64)
        self._shared = shared_columns(model)
        self.has_own = bool((self.owners != SHARED).any())

    def sources(self) -> tuple[str, ...]:
        """Return the kinds of codes from which a factor is predicted."""
        return ("shared", "own", "others") if self.has_own else ("shared",)

    def columns(self, source: str, label: int) -> Columns:
        """Return the columns of a kind of codes, for images of class ``label``."""
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
class _Encoded:
    """The labels, factors and codes of a split.

    Args:
        labels: Labels (n,).
        factors: Factors (n, n_factors).
        z: Posterior samples (n, latents), one per image.
        mu: Posterior means (n, latents).
        kl: KL (n, latents) in nats.
    """

    labels: npt.NDArray[np.int64]
    factors: npt.NDArray[np.float64]
    z: Codes
    mu: Codes
    kl: Codes

    @classmethod
    def of(cls, model: LatentModel, split: Split, *, generator: torch.Generator, device: torch.device) -> "_Encoded":
        """Encode a split whose factors are known."""
        assert split.factors is not None  # checked by `known_factors`
        encoded = encode(model, split, device=device)
        z = posterior_samples(model, split, generator=generator, device=device)
        return cls(split.labels, split.factors, z, encoded.mu, encoded.kl_nats)

    def rows(self, label: int) -> npt.NDArray[np.bool_]:
        """Return a mask (n,) of the images of a class, or of all images for ``SHARED``."""
        return np.full(len(self.labels), True) if label == SHARED else self.labels == label


class _Probe:
    """Prediction of factors from codes, fitted on the training images and evaluated on another split."""

    def __init__(self, params: FactorsParams, blocks: _Blocks, train: _Encoded, held: _Encoded) -> None:
        self._params, self._blocks, self._train, self._held = params, blocks, train, held
        self._guesses: dict[tuple[str, int, str], npt.NDArray[np.float64]] = {}

    def r2(self, factor: Factor, source: str) -> Iterator[tuple[str, float]]:
        """Yield R² of one factor from the samples and from the means of one kind of codes."""
        groups = self._groups(factor, source)
        truth = np.concatenate([self._held.factors[self._held.rows(label), factor.column] for label in groups])
        for metric, kind in (("r2", "z"), ("r2_of_means", "mu")):
            guess = [self._predicted(factor, source, label, kind) for label in groups]
            yield metric, float(r2_score(truth, np.concatenate(guess)))

    def information(self, factor: Factor, source: str) -> float:
        """Return the mutual information of one factor and the most informative dimension of the codes, in nats."""
        information = []
        for label in self._groups(factor, source):
            z, known = self._counted(label, self._blocks.columns(source, label), [factor.column])
            information.append(mutual_information_nats(z, known, bins=self._params.bins).max())
        return float(np.mean(information))

    def _groups(self, factor: Factor, source: str) -> list[int]:
        """Return the classes with a separate regression each; ``SHARED`` stands for one regression for all images."""
        if factor.label != SHARED:
            return [factor.label]
        return [SHARED] if source == "shared" else np.unique(self._held.labels).tolist()

    def scores(self, factors: tuple[Factor, ...], *, seed: int) -> Iterator[tuple[str, float]]:
        """Yield MIG, SAP, DCI and modularity, as means over classes, or of z_s if no factor is exclusive."""
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
        """Return codes and factors for scores that count images, with the training set, as nothing is fitted to it."""
        parts = [(split, split.rows(label)) for split in (self._train, self._held)]
        return (
            np.concatenate([split.z[rows][:, columns] for split, rows in parts]),
            np.concatenate([split.factors[rows][:, factors] for split, rows in parts]),
        )

    def _predicted(self, factor: Factor, source: str, label: int, kind: str) -> npt.NDArray[np.float64]:
        """Return the factor of the evaluated images of a class, predicted from the nearest training images of it."""
        key = (source, label, kind)
        if key not in self._guesses:
            self._guesses[key] = self._regression(*key)
        return self._guesses[key][:, factor.column]

    def _regression(self, source: str, label: int, kind: str) -> npt.NDArray[np.float64]:
        """Return every factor of the evaluated images of a class, NaN if not all of its training images have it."""
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
