"""A short training in a process of its own: `python train_toy.py FOLDER network|game STEPS [--resume] [--slow] [--explode]`."""
import dataclasses
import sys
import time
from pathlib import Path

import torch
from torch import nn

import recon.training as training
from recon.core import ReconError
from recon.data import load_data
from recon.recipes import NETWORKS, Recipe


@NETWORKS.register("toy_denoiser")
def toy_denoiser(channels):
    # Dropout draws from the global generator, batch norm keeps buffers: both must survive a resume.
    return nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1),
                         nn.Conv2d(8, channels, 3, padding=1), nn.Tanh())


@NETWORKS.register("toy_discriminator")
def toy_discriminator(channels):
    return nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4, 2, 1))


NETWORK = Recipe(name="toy", title="A toy", chapter="tests", data="shapes", size=16, network="toy_denoiser", batch=8, ema=0.9,
                 corruption="gaussian_noise(sigma=(0.1, 0.3))", optimizer="adam(lr=0.003)", warmup=5)
GAME = dataclasses.replace(NETWORK, objective="game(kind='wasserstein', penalty_weight=10.0, discriminator_turns=2)",
                           discriminator="toy_discriminator", discriminator_optimizer="adam(lr=0.001, betas=(0.0, 0.9))")


def main(folder, kind, steps, *options):
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    run = training.start_run({"network": NETWORK, "game": GAME}[kind], Path(folder), device="cpu")
    if "--resume" in options: training.resume(run)
    plain_step = training.train_step

    def train_step(run, *args):
        if "--slow" in options: time.sleep(0.05)
        if "--explode" in options and run.step == 13: run.networks["network"][0].weight.data.fill_(float("inf"))
        return plain_step(run, *args)

    training.train_step = train_step
    minutes = float(options[options.index("--minutes") + 1]) if "--minutes" in options else None
    data = [load_data("shapes", split, size=16, channels=1) for split in ("train", "valid")]
    training.fit(run, *data, steps=int(steps), minutes=minutes, validate_every=10, log_every=1, progress=False)


if __name__ == "__main__":
    try: main(*sys.argv[1:])
    except ReconError as e: sys.exit(str(e))
    except KeyboardInterrupt: sys.exit(130)
