"""The checks of 04_metrics. Made by make.py; change source/04_metrics.py."""


import math

import numpy as np
import torch


def pair(n=4, size=24):
    "Images and corrupted ones, in [-1, 1]; each is corrupted more than the one before."
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(n, 3, size, size, generator=generator) * 2 - 1
    noise = torch.randn(truth.shape, generator=generator) * 0.1 * torch.arange(1, n + 1).view(-1, 1, 1, 1)
    return (truth + noise).clamp(-1, 1), truth


def check_04_1(difference):
    assert not abs(abs(difference) - 10 * math.log10(2)) < 0.02, (
        "3.01 dB belong to a factor of 2 in the *squared* error. By what factor does the squared error grow when the "
        "range is twice as wide?")
    assert not abs(difference - 20 * math.log10(2)) < 0.02, \
        "The size is right. Does a larger MSE give more decibels or fewer?"
    assert abs(difference + 20 * math.log10(2)) < 0.02, \
        "Not yet. Take one pixel that is off by 0.1 on [0, 1]: what is its error on [-1, 1], and what its square?"


def check_04_2(my_psnr):
    from recon.metrics import psnr

    y, x = pair()
    ours, wanted = my_psnr(y, x), psnr(y, x)
    assert torch.is_tensor(ours) and ours.shape == (4,), (
        "One number for each of the 4 images is wanted, shape [4]; yours has the shape "
        f"{list(getattr(ours, 'shape', []))}. A PSNR of the mean error isn't the mean of the PSNRs.")
    assert not torch.allclose(ours, wanted - 20 * math.log10(2), atol=0.01), \
        "6.02 dB too little: pixels in [-1, 1] have a range of 2, so either MAX = 2, or halve the errors."
    assert not torch.allclose(ours, -wanted, atol=0.01), "The sign: a smaller error should give a larger number."
    assert torch.allclose(ours, wanted, atol=0.01), \
        f"The first image should have {wanted[0]:.2f} dB and has {ours[0]:.2f}."
    assert torch.allclose(my_psnr(y * 3, x), psnr(y * 3, x), atol=0.01), \
        "Restored pixels beyond the range: a file would clip them, so should the metric."


def check_04_3(paper_a, paper_b):
    b = -10 * math.log10(0.00505)
    assert not (abs(paper_a - b) < 0.05 and abs(paper_b - 30) < 0.05), \
        "Right numbers, wrong papers: A takes the logarithm first."
    assert not abs(paper_a - paper_b) < 0.05, \
        "They aren't the same: the logarithm of a mean isn't the mean of the logarithms."
    assert abs(paper_a - 30) < 0.05, "For paper A: the PSNR of each image, then the mean of the two."
    assert abs(paper_b - b) < 0.05, \
        "For paper B: first the mean of 0.01 and 0.0001, which the worse image dominates, then the logarithm."


def check_04_4(literature_psnr):
    from recon.metrics import Protocol, psnr

    y, x = pair(size=24)
    y[:, :, 0] = 1
    ours, library = literature_psnr(y, x), lambda **how: psnr(y, x, Protocol(**how))
    assert ours.shape == (4,), "One number for each image, please."
    assert not torch.allclose(ours, library(color="y"), atol=0.01), \
        "The border counts in your number. Four pixels on *every* side are cut off."
    assert not torch.allclose(ours, library(color="grey", crop=4), atol=0.01), (
        "These are the weights of ITU-R 601 (0.299, 0.587, 0.114). The papers use Matlab's Y, which goes from 16 to "
        "235: its errors are smaller by 219/255.")
    assert not torch.allclose(ours, library(crop=4), atol=0.01), "This is the PSNR of all three channels, not of Y."
    assert torch.allclose(ours, library(color="y", crop=4), atol=0.01), (
        f"The first image should have {library(color='y', crop=4)[0]:.2f} dB and has {ours[0]:.2f}. In which range are "
        "R, G and B?")


def check_04_5(ring):
    mask = torch.zeros(1, 1, 12, 12)
    mask[..., 5:7, 4:7] = 1
    r = ring(mask, 2)
    assert r.shape == mask.shape, (
        f"The ring should have the shape of the mask, [1, 1, 12, 12], and has {list(r.shape)}. How much padding keeps "
        "the size?")
    assert not (r * mask).any(), "The ring shouldn't contain the hole: we want to know what is *next* to it."
    assert set(r.unique().tolist()) <= {0.0, 1.0}, "A mask has only zeros and ones."
    wanted = torch.zeros(1, 1, 12, 12)
    wanted[..., 3:9, 2:9] = 1
    wanted -= mask
    assert not r.sum() < wanted.sum(), (
        f"Your ring is too narrow: {int(r.sum())} pixels instead of {int(wanted.sum())}. A window that reaches 2 "
        "pixels to *both* sides is how wide?")
    assert torch.equal(r, wanted), f"{int(r.sum())} pixels instead of {int(wanted.sum())}."


def check_04_6(one_window_ssim):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 11, 11, generator=generator)
    black = torch.zeros(11, 11)
    value = float(one_window_ssim(black, black))
    assert not math.isnan(value), "Two black images give 0/0. What are c₁ and c₂ for?"
    assert abs(float(one_window_ssim(x, x)) - 1) < 1e-5, (
        f"An image should be similar to itself by 1, and yours is by {float(one_window_ssim(x, x)):.3f}. Are σ² "
        "variances, or standard deviations?")
    flipped = float(one_window_ssim(x, 1 - x))
    assert flipped < 0, (
        "A negative has the opposite structure: its covariance, and with it its SSIM, is below 0; yours is "
        f"{flipped:.3f}.")
    brighter = float(one_window_ssim(x / 2, x / 2 + 0.4))
    assert 0.3 < brighter < 0.9, \
        f"Brighter by 0.4 isn't the same any more: the first factor should tell; yours is {brighter:.3f}."


def check_04_7(psnr_of_files):
    a = np.full((4, 4), 10, np.uint8)
    half = a.copy()
    half[:2] += 2
    value = psnr_of_files(half, a)
    assert abs(value - 10 * np.log10(255**2 / 2)) < 0.01, \
        f"Half of the pixels larger by 2: 45.12 dB are right, and yours is {value:.2f}. Which MAX belongs to bytes?"
    big = psnr_of_files(a, np.full((4, 4), 40, np.uint8))
    assert abs(big - 10 * np.log10(255**2 / 900)) < 0.01, (
        "Try 10 against 40: a byte holds at most 255, so 10 - 40 is 226 there, and a square of 900 is 132. What must "
        "the numbers be *before* they are subtracted?")


def check_04_8(frechet):
    a = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    itself, shifted, wide = float(frechet(a, a)), float(frechet(a, a + 1)), float(frechet(a, 3 * a))
    assert abs(itself) < 1e-3, (
        f"A set's distance to itself is 0, and yours is {itself:.3f}. Did you take the *root* of the eigenvalues, "
        "and twice?")
    assert abs(shifted - 3) < 0.01, \
        f"Three features, each shifted by 1: the distance is 3, and yours is {shifted:.3f}. Where are the means?"
    spread = 4 * torch.cov(a.T).trace().item()
    assert abs(wide - spread) < 0.05 * spread, (
        f"Three times as wide: each feature costs (3 - 1)² times its variance, {spread:.2f} in all; yours is "
        f"{wide:.2f}.")


def check_04_9(blurred):
    from recon.core import seeded_generator
    from recon.corruptions import build_corruption
    from recon.data import load_data
    from recon.metrics import gradient_energy, psnr

    photos = load_data("photos-tiny", "test", size=64).stack()[:8]
    noisy = build_corruption("gaussian_noise(sigma=0.1)")(photos, seeded_generator("noisy")).image
    assert blurred.shape == photos.shape, \
        f"The shape should stay {list(photos.shape)}, and is {list(blurred.shape)}: pad before you average."
    assert (blurred - photos).abs().max() > 0.05, "That is the truth itself. Nobody has it."
    energy = (gradient_energy(blurred).mean() / gradient_energy(photos).mean()).item()
    assert energy <= 0.5, (
        f"Its gradient energy is {energy:.0%} of the truth's: still too sharp (noise counts as sharpness). Average "
        "over more neighbours.")
    gain = (psnr(blurred, photos) - psnr(noisy, photos)).mean().item()
    assert gain >= 1, (
        f"Blurred enough, but the PSNR has changed by {gain:+.2f} dB only. Somewhere between the noise and the blur "
        "lies an optimum.")
