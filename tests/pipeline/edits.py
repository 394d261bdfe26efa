"""Edits of the configuration, the code and the claims; for each, a result that it concerns and one that it does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.pipeline.project import Project, comment

Params = dict[str, Any]
_GRAPHICAL_MODEL = "paper_figs/fig04_graphical_model.pdf"
_KL = "paper_figs/fig05_kl_per_dimension.pdf"
_SAMPLES = "paper_figs/fig11_samples.pdf"
_FIDELITY = "paper_figs/supp03_fidelity.pdf"
_CALIBRATION = "paper_figs/supp08_calibration.pdf"
_CLAIMS = "results/paper/claims.json"
_METRICS = "results/paper/tables/metrics.csv"


@dataclass(frozen=True)
class Edit:
    """An edit of one file of a project in which profile paper is small.

    Args:
        name: Description.
        file: File that is edited.
        change: Function that edits it.
        made: Result that has to be made again, a figure if possible; empty if there is none.
        kept: Result that must not be made again.
    """

    name: str
    file: str
    change: Callable[[Project], None]
    made: str
    kept: str

    @contextmanager
    def applied(self, project: Project) -> Iterator[None]:
        """Edit a project, and restore it at the end."""
        with project.kept(self.file):
            self.change(project)
            yield


def _params(name: str, change: Callable[[Params], None], made: str, kept: str = _GRAPHICAL_MODEL) -> Edit:
    return Edit(name, "params.yaml", lambda project: project.edit_params(change), made, kept)


def _commented(file: str, made: str, kept: str = _GRAPHICAL_MODEL) -> Edit:
    return Edit(file, file, lambda project: comment(project.root / file), made, kept)


def _paper(params: Params) -> Params:
    """Return the changes that make profile paper small."""
    changes: Params = params["profiles"]["paper"]
    return changes


def _reverse(params: Params) -> None:
    params["traversals"] = dict(reversed(params["traversals"].items()))


#: Edits of settings that concern results.
SETTINGS = (
    _params("class_dims", lambda params: params["models"]["n_vae"]["glyphs"].update(class_dims=1), _KL, _CALIBRATION),
    _params("learning_rate", lambda params: params["training"]["defaults"].update(learning_rate=0.002), _KL),
    _params("epochs", lambda params: _paper(params)["training"]["garments"].update(epochs=3), _KL, _CALIBRATION),
    _params("train_limit", lambda params: _paper(params)["data"]["glyphs"].update(train_limit=300), _KL, _CALIBRATION),
    _params("validation_images", lambda params: _paper(params)["data"]["garments"].update(validation_images=90), _KL),
    _params("split_seed", lambda params: params["data"]["faces"].update(split_seed=1), _KL, _CALIBRATION),
    _params("drawn.seed", lambda params: params["data"]["dial"]["drawn"].update(seed=1), _CALIBRATION, _KL),
    _params(
        "label_smoothing",  # the classifier also evaluates the GANs while they are trained
        lambda params: params["models"]["classifier"]["defaults"].update(label_smoothing=0.2),
        "paper_figs/supp01_digit_samples_by_model.pdf",
        _CALIBRATION,
    ),
    _params("one more seed", lambda params: params.update(seeds=[0, 1]), _KL, _SAMPLES),
    _params("another seed", lambda params: params.update(seeds=[1]), _KL),
    _params(
        "traversals.steps",
        lambda params: params["traversals"].update(steps=7),
        "paper_figs/fig01_mnist_class_traversals.pdf",
        _KL,
    ),
    _params("samples.sigmas", lambda params: params["samples"].update(sigmas=[0.5, 2.0]), _SAMPLES, _KL),
    _params("fidelity.images", lambda params: _paper(params)["fidelity"].update(images=90), _FIDELITY, _KL),
    _params(
        "calibration.exclusive_factors",
        lambda params: _paper(params)["calibration"].update(exclusive_factors=[0, 3]),
        _CALIBRATION,
        _KL,
    ),
    _params(
        "augmentation.generated_shares",
        lambda params: _paper(params)["augmentation"].update(generated_shares=[0.5, 0.75, 1.0]),
        "paper_figs/fig09_augmentation.pdf",
        _KL,
    ),
    _params(
        "changes of a variant",
        lambda params: params["variants"]["n_vae_no_bias"]["changes"].update(class_weight=3.0),
        "paper_figs/fig10_class_bias_kl.pdf",
        _KL,
    ),
)

#: Edits of code, and of the claims, that concern results.
CODE = (
    _commented("nvae/training/loop.py", _KL),
    _commented("nvae/models/n_vae.py", _KL),
    _commented("nvae/models/likelihoods.py", _KL),
    _commented("nvae/analyses/kl.py", _KL, _SAMPLES),
    _commented("nvae/data/prepare_idx.py", _SAMPLES),
    _commented("nvae/data/builtin/glyphs.py", _SAMPLES, _CALIBRATION),
    _commented("nvae/tables/joining.py", _METRICS, _KL),
    _commented("nvae/plotting/style.py", _GRAPHICAL_MODEL, _CLAIMS),
    _commented("nvae/figures/fig05_kl_per_dimension.py", _KL, _CLAIMS),
    _commented("nvae/claims/evaluation.py", _CLAIMS, _KL),
    _commented("claims.yaml", _CLAIMS, _KL),
)

#: Edits that concern no result.
UNRELATED = (
    _commented("nvae/cli.py", ""),
    _commented("docs/choices.md", ""),
    _params("order of keys", _reverse, ""),
)

BY_NAME = {edit.name: edit for edit in (*SETTINGS, *CODE, *UNRELATED)}
