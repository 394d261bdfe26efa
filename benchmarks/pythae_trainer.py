"""The trainer of pythae (Chadebec et al. 2022, NeurIPS), with our layers or its own. Requires the extra ``bench``."""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator
from typing import Any

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.models.base import BaseAE, BaseAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import Tensor

from benchmarks.contest import Work
from nvae.models.beta_vae import BetaVae
from nvae.models.n_vae import NVae

#: Sizes of the layers and latents that pythae's VAE has by default (its `default_architectures`).
OWN_SIZES: dict[str, Any] = {"hidden": [512], "latent_dims": 10}


class _Encoder(BaseEncoder):  # type: ignore[misc]  # pythae has no types
    """Our layers behind pythae's interface."""

    def __init__(self, model: BetaVae) -> None:
        super().__init__()
        self.layers, self.head = model.encoder, model.posterior_head

    def forward(self, x: Tensor) -> ModelOutput:
        mu, log_var = self.head(self.layers(x))
        return ModelOutput(embedding=mu, log_covariance=log_var)


class _Decoder(BaseDecoder):  # type: ignore[misc]  # pythae has no types
    """Our layers behind pythae's interface."""

    def __init__(self, model: BetaVae) -> None:
        super().__init__()
        self.layers = model.decoder

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))


class _NVae(BaseAE):  # type: ignore[misc]  # pythae has no types
    """N-VAE for pythae's trainer: for a model that pythae lacks, its documentation says to subclass `BaseAE`."""

    def __init__(self, model: NVae, pixels: int) -> None:
        super().__init__(BaseAEConfig(input_dim=(pixels,), latent_dim=model.n_latents), decoder=BaseDecoder())
        self.net = model
        self.noise = torch.Generator().manual_seed(0)

    def forward(self, inputs: dict[str, Tensor], **_: object) -> ModelOutput:
        terms = self.net.loss(inputs["data"], inputs["labels"].long(), generator=self.noise)
        return ModelOutput(loss=terms.objective.mean())


def vae(model: BetaVae, images: Tensor, labels: Tensor, *, batch_size: int) -> Work:
    """Return an epoch of pythae's VAE with our layers, by its trainer."""
    config = VAEConfig(
        input_dim=tuple(images.shape[1:]), latent_dim=model.params.latent_dims, reconstruction_loss="bce"
    )
    return _epochs_of(VAE(config, encoder=_Encoder(model), decoder=_Decoder(model)), images, labels, batch_size)


def own_vae(images: Tensor, labels: Tensor, *, batch_size: int) -> Work:
    """Return an epoch of pythae's unmodified VAE, by its trainer: dense layers of the sizes `OWN_SIZES`."""
    config = VAEConfig(
        input_dim=tuple(images.shape[1:]), latent_dim=OWN_SIZES["latent_dims"], reconstruction_loss="bce"
    )
    return _epochs_of(VAE(config), images, labels, batch_size)


def n_vae(model: NVae, images: Tensor, labels: Tensor, *, batch_size: int) -> Work:
    """Return an epoch of N-VAE by pythae's trainer."""
    return _epochs_of(_NVae(model, images[0].numel()), images, labels, batch_size)


def _epochs_of(model: BaseAE, images: Tensor, labels: Tensor, batch_size: int) -> Work:
    with tempfile.TemporaryDirectory() as folder, _silent():
        config = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=batch_size,
            learning_rate=1e-3,
            num_epochs=1,
            no_cuda=True,
            seed=0,
        )
        trainer = BaseTrainer(model, BaseDataset(images.float() / 255, labels), training_config=config)
        trainer.prepare_training()

    def work() -> int:
        with _silent():
            trainer.train_step(1)
        return len(images)

    return work


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Suppress pythae's output and logs."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
