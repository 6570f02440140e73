"""A short training in a process of its own: `python train_toy.py FOLDER network|game STEPS [OPTIONS]`.

Options: `--resume`, `--slow`, `--explode`, `--resident` and `--minutes N`.
"""
import dataclasses
import sys
import time
from pathlib import Path

import torch
from torch import nn

from recon.callbacks import standard_callbacks
from recon.core import ReconError
from recon.data import load_data
from recon.recipes import NETWORKS, Recipe
from recon.training import Callback, Trainer


@NETWORKS.register("toy_denoiser")
def toy_denoiser(channels):
    # Dropout draws from the global generator, batch norm keeps buffers: both must survive a resume.
    return nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1),
                         nn.Conv2d(8, channels, 3, padding=1), nn.Tanh())


@NETWORKS.register("toy_discriminator")
def toy_discriminator(channels):
    return nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, 2, 1))


NETWORK = Recipe(name="toy", title="A toy", chapter="tests", data="shapes", size=16, network="toy_denoiser", batch=8,
                 ema=0.9, task="denoise", corruption="gaussian_noise(sigma=(0.1, 0.3))", optimizer="adam(lr=0.003)",
                 warmup=5)
GAME = dataclasses.replace(NETWORK, objective="game(kind='wasserstein', penalty_weight=10.0, discriminator_turns=2)",
                           discriminator="toy_discriminator",
                           discriminator_optimizer="adam(lr=0.001, betas=(0.0, 0.9))")


class Slow(Callback):
    "Leave time to kill the process."

    def after_step(self, trainer): time.sleep(0.05)


class Explode(Callback):
    "Spoil a weight after step 13, so that the next loss isn't a number."

    def after_step(self, trainer):
        if trainer.step == 13: trainer.networks["network"][0].weight.data.fill_(float("inf"))


def main(folder, kind, steps, *options):
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    minutes = float(options[options.index("--minutes") + 1]) if "--minutes" in options else None
    callbacks = standard_callbacks(minutes, validate_every=10, log_every=1, progress=False)
    if "--slow" in options: callbacks.append(Slow())
    if "--explode" in options: callbacks.append(Explode())
    recipe = {"network": NETWORK, "game": GAME}[kind]
    trainer = Trainer(recipe, Path(folder), "cpu", callbacks, resident="--resident" in options)
    if "--resume" in options: trainer.resume()
    train, valid = (load_data("shapes", split, size=16, channels=1) for split in ("train", "valid"))
    trainer.fit(train, valid, steps=int(steps))


if __name__ == "__main__":
    try: main(*sys.argv[1:])
    except ReconError as e: sys.exit(str(e))
    except KeyboardInterrupt: sys.exit(130)
