# %% [markdown]
# # Exercise 4: metrics
# Nine tasks, about an hour. One result can have five different PSNRs; after this you know which one you are looking at, and you have
# written most of them yourself.

# %%
import math

import numpy as np
import torch
from torch.nn import functional as F

from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.metrics import Protocol, gradient_energy, psnr

photos = load_data("photos-tiny", "test", size=64).stack()[:8]
noisy = build_corruption("gaussian_noise(sigma=0.1)")(photos, seeded_generator("noisy")).image

# %% for checks
import math

import numpy as np
import torch


def pair(n=4, size=24):
    "Images and corrupted ones, in [-1, 1]; each is corrupted more than the one before."
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(n, 3, size, size, generator=generator) * 2 - 1
    noise = torch.randn(truth.shape, generator=generator) * 0.1 * torch.arange(1, n + 1).view(-1, 1, 1, 1)
    return (truth + noise).clamp(-1, 1), truth

# %% [markdown]
# ## 4.1 Predict: the same images, another maximum
# $\text{PSNR} = 10\log_{10}(\text{MAX}^2/\text{MSE})$. A program computes the MSE on pixels in [-1, 1] and takes MAX = 1. By how many
# decibels does its number differ from the right one? (Negative: it prints too little.)

# %% answer 04.1
difference = -20 * math.log10(2)  ### SOLUTION

# %% check 04.1
def check(difference):
    assert not abs(abs(difference) - 10 * math.log10(2)) < 0.02, (
        "3.01 dB belong to a factor of 2 in the *squared* error. By what factor does the squared error grow when the "
        "range is twice as wide?")
    assert not abs(difference - 20 * math.log10(2)) < 0.02, \
        "The size is right. Does a larger MSE give more decibels or fewer?"
    assert abs(difference + 20 * math.log10(2)) < 0.02, \
        "Not yet. Take one pixel that is off by 0.1 on [0, 1]: what is its error on [-1, 1], and what its square?"

# %% hidden 04.1
def hidden(difference): assert -6.03 < difference < -6.01, "-6.02 dB"

# %% wrong 04.1: in the *squared* error
difference = -3.01

# %% wrong 04.1: more decibels or fewer
difference = 6.02

# %% [markdown]
# ## 4.2 PSNR
# Write it for batches in [-1, 1]: one number for each image, clipped to what a file can hold, in decibels.

# %% answer 04.2 (2 points)
def my_psnr(restored, truth):
    "PSNR of each image, `[B]`; both `[B, C, H, W]` in [-1, 1]."
    ### BEGIN SOLUTION
    error = (restored.clamp(-1, 1) - truth).div(2).square().mean((1, 2, 3))
    return -10 * error.log10()
    ### END SOLUTION

# %% check 04.2
def check(my_psnr):
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

# %% hidden 04.2
def hidden(my_psnr):
    x = torch.zeros(2, 1, 5, 7)
    assert torch.allclose(my_psnr(x + 0.2, x), torch.full((2,), 20.0), atol=1e-3), "an error of 0.1 on [0, 1] is 20 dB"

# %% wrong 04.2: 6.02 dB too little
def my_psnr(restored, truth): return -10 * (restored.clamp(-1, 1) - truth).square().mean((1, 2, 3)).log10()

# %% wrong 04.2: isn't the mean of the PSNRs
def my_psnr(restored, truth): return -10 * (restored.clamp(-1, 1) - truth).div(2).square().mean().log10()

# %% [markdown]
# ## 4.3 Two ways to take a mean
# Two images have the squared errors 0.01 and 0.0001 (pixels in [0, 1]). Paper A prints the mean of the two PSNRs, paper B the PSNR of
# the mean squared error. Which two numbers, in this order?

# %% answer 04.3
### BEGIN SOLUTION
paper_a, paper_b = (20 + 40) / 2, -10 * math.log10((0.01 + 0.0001) / 2)
### STUDENT
#: paper_a, paper_b = ..., ...
### END SOLUTION

# %% check 04.3
def check(paper_a, paper_b):
    b = -10 * math.log10(0.00505)
    assert not (abs(paper_a - b) < 0.05 and abs(paper_b - 30) < 0.05), \
        "Right numbers, wrong papers: A takes the logarithm first."
    assert not abs(paper_a - paper_b) < 0.05, \
        "They aren't the same: the logarithm of a mean isn't the mean of the logarithms."
    assert abs(paper_a - 30) < 0.05, "For paper A: the PSNR of each image, then the mean of the two."
    assert abs(paper_b - b) < 0.05, \
        "For paper B: first the mean of 0.01 and 0.0001, which the worse image dominates, then the logarithm."

# %% hidden 04.3
def hidden(paper_a, paper_b): assert abs(paper_a - 30) < 0.02 and abs(paper_b - 22.97) < 0.02, "30 and 22.97 dB"

# %% wrong 04.3: wrong papers
paper_a, paper_b = 22.97, 30.0

# %% wrong 04.3: isn't the mean of the logarithms
paper_a = paper_b = 30.0

# %% [markdown]
# ## 4.4 The protocol of the literature
# Super-resolution papers measure on the **luma** $Y = (65.481\,R + 128.553\,G + 24.966\,B + 16)/255$ with $R, G, B$ in [0, 1], after
# cutting off a border of 4 pixels on every side. Write it: `my_psnr` is above, but its pixels have three channels.

# %% answer 04.4 (2 points)
def literature_psnr(restored, truth):
    "PSNR of each image on Y, without the border; `[B, 3, H, W]` in [-1, 1]."
    ### BEGIN SOLUTION
    weights = torch.tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1) / 255
    luma = lambda x: ((x.clamp(-1, 1) / 2 + 0.5) * weights).sum(1)[..., 4:-4, 4:-4]
    return -10 * (luma(restored) - luma(truth)).square().mean((1, 2)).log10()
    ### END SOLUTION

# %% check 04.4
def check(literature_psnr):
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

# %% hidden 04.4
def hidden(literature_psnr):
    from recon.metrics import Protocol, psnr

    y, x = pair(2, 33)
    assert torch.allclose(literature_psnr(y, x), psnr(y, x, Protocol(color="y", crop=4)), atol=0.01), "another size"

# %% wrong 04.4: The border counts
def literature_psnr(restored, truth):
    weights = torch.tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1) / 255
    luma = lambda x: ((x.clamp(-1, 1) / 2 + 0.5) * weights).sum(1)
    return -10 * (luma(restored) - luma(truth)).square().mean((1, 2)).log10()

# %% wrong 04.4: ITU-R 601
def literature_psnr(restored, truth):
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    luma = lambda x: ((x.clamp(-1, 1) / 2 + 0.5) * weights).sum(1)[..., 4:-4, 4:-4]
    return -10 * (luma(restored) - luma(truth)).square().mean((1, 2)).log10()

# %%
ours, printed = my_psnr(noisy, photos).mean(), literature_psnr(noisy, photos).mean()
print(f"the same noise: {ours:.2f} dB on all channels, {printed:.2f} dB as papers print it")

# %% [markdown]
# ## 4.5 The ring
# A hole was filled. Is there a seam? Write the mask of the **ring**: 1 for the pixels outside the hole that have a pixel of the hole at
# most `width` columns and rows away, else 0. `F.max_pool2d` with a stride of 1 spreads ones over a neighbourhood.

# %% answer 04.5
def ring(mask, width):
    "The surroundings of a hole, `[B, 1, H, W]`; `mask` is 1 in the hole."
    ### BEGIN SOLUTION
    return F.max_pool2d(mask, 2 * width + 1, 1, width) - mask
    ### END SOLUTION

# %% check 04.5
def check(ring):
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

# %% hidden 04.5
def hidden(ring):
    mask = torch.zeros(2, 1, 9, 9)
    mask[0, 0, 0, 0] = mask[1, 0, 4, 4] = 1
    assert ring(mask, 1).sum((1, 2, 3)).tolist() == [3, 8] and ring(mask, 4)[1].sum() == 80, \
        "at the corner and in the middle"

# %% wrong 04.5: shouldn't contain the hole
def ring(mask, width): return F.max_pool2d(mask, 2 * width + 1, 1, width)

# %% wrong 04.5: too narrow
def ring(mask, width): return F.max_pool2d(mask, width // 2 * 2 + 1, 1, width // 2) - mask

# %% [markdown]
# ## 4.6 Structure
# SSIM compares means $\mu$, variances $\sigma^2$ and the covariance. Write it for **one window**: two grey images as a whole, pixels in
# [0, 1], $c_1 = 0.01^2$, $c_2 = 0.03^2$:
# $\frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}{(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}$. (Variances by dividing by
# $N$.)

# %% answer 04.6 (2 points)
def one_window_ssim(x, y):
    "Structural similarity of two tensors of one shape, pixels in [0, 1], as if they were one window."
    ### BEGIN SOLUTION
    c1, c2 = 0.01**2, 0.03**2
    mx, my = x.mean(), y.mean()
    vx, vy, cov = (x - mx).square().mean(), (y - my).square().mean(), ((x - mx) * (y - my)).mean()
    return (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    ### END SOLUTION

# %% check 04.6
def check(one_window_ssim):
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

# %% hidden 04.6
def hidden(one_window_ssim):
    x = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    y = torch.tensor([[0.0, 1.0], [1.0, 1.0]])
    by_hand = (2 * 0.5 * 0.75 + 1e-4) * (2 * 0.125 + 9e-4) / ((0.25 + 0.5625 + 1e-4) * (0.25 + 0.1875 + 9e-4))
    assert abs(float(one_window_ssim(x, y)) - by_hand) < 1e-5, "by hand"

# %% wrong 04.6: variances, or standard deviations
def one_window_ssim(x, y):
    mx, my, sx, sy = x.mean(), y.mean(), x.std(correction=0), y.std(correction=0)
    cov = ((x - mx) * (y - my)).mean()
    return (2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (sx + sy + 9e-4))

# %% wrong 04.6: 0/0
def one_window_ssim(x, y):
    mx, my, cov = x.mean(), y.mean(), ((x - x.mean()) * (y - y.mean())).mean()
    return 2 * mx * my * 2 * cov / ((mx**2 + my**2) * (x.var(correction=0) + y.var(correction=0)))

# %% [markdown]
# ## 4.7 Find the bug: a perfect score
# A colleague's script compares saved images, bytes from 0 to 255, and its PSNRs are strange. Find out why, and fix it. `a` and `b`
# are NumPy arrays of `uint8`.

# %% answer 04.7
def psnr_of_files(a, b):
    "PSNR of two images as they lie in their files."
    ### BEGIN SOLUTION
    error = ((a.astype(np.float64) - b.astype(np.float64)) ** 2).mean()
    return 10 * np.log10(255**2 / error)
    ### STUDENT
    #: error = ((a - b) ** 2).mean()
    #: return 10 * np.log10(255**2 / error)
    ### END SOLUTION

# %% check 04.7
def check(psnr_of_files):
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

# %% hidden 04.7
def hidden(psnr_of_files):
    assert abs(psnr_of_files(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8))) < 1e-6, \
        "black against white is 0 dB"

# %% wrong 04.7: *before* they are subtracted
def psnr_of_files(a, b): return 10 * np.log10(255**2 / ((a - b).astype(np.float64) ** 2).mean())

# %% wrong 04.7: Which MAX
def psnr_of_files(a, b): return 10 * np.log10(1 / ((a.astype(float) - b.astype(float)) ** 2).mean())

# %% [markdown]
# ## 4.8 Two distributions
# The Fréchet distance of two sets of features compares their means and covariances:
# $\lVert\mu_r - \mu_f\rVert^2 + \operatorname{tr}(\Sigma_r + \Sigma_f - 2(\Sigma_r\Sigma_f)^{1/2})$. The trace of the square root of a
# matrix is the sum of the square roots of its eigenvalues (`torch.linalg.eigvals`, real part, clamped at 0). Write it for features
# `[N, D]` and `[M, D]`.

# %% answer 04.8 (2 points)
def frechet(a, b):
    "Fréchet distance of two sets of features, as a number."
    ### BEGIN SOLUTION
    a, b = a.double(), b.double()
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * root).item()
    ### END SOLUTION

# %% check 04.8
def check(frechet):
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

# %% hidden 04.8
def hidden(frechet):
    generator = torch.Generator().manual_seed(1)
    a, b = (
        torch.randn(500, 4, generator=generator),
        torch.randn(300, 4, generator=generator) @ torch.randn(4, 4, generator=generator) + 0.3,
    )
    assert abs(frechet(a, b) - frechet(b, a)) < 1e-2 and frechet(a, b) > 0, \
        "symmetric, positive, sets of different size"

# %% wrong 04.8: the *root* of the eigenvalues
def frechet(a, b):
    p, q = torch.cov(a.T), torch.cov(b.T)
    return ((a.mean(0) - b.mean(0)).square().sum() + (p + q - p @ q).trace()).item()

# %% wrong 04.8: Where are the means
def frechet(a, b):
    p, q = torch.cov(a.T), torch.cov(b.T)
    return (p.trace() + q.trace() - 2 * torch.linalg.eigvals(p @ q).real.clamp(min=0).sqrt().sum()).item()

# %% [markdown]
# ## 4.9 Design: win the number, lose the image
# Show that PSNR can be had cheaply: turn the `noisy` photographs into `blurred` ones that have at least **1 dB more** PSNR than the noisy ones
# and at most **half the gradient energy** (`gradient_energy`) of the true `photos`. Without using `photos`, of course.

# %% answer 04.9
### BEGIN SOLUTION
blurred = F.avg_pool2d(F.pad(noisy, (2, 2, 2, 2), mode="reflect"), 5, 1)
blurred = 0.5 * blurred + 0.5 * F.avg_pool2d(F.pad(noisy, (1, 1, 1, 1), mode="reflect"), 3, 1)
### STUDENT
#: blurred = ...
### END SOLUTION

# %% check 04.9
def check(blurred):
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

# %% hidden 04.9
def hidden(blurred): assert blurred.abs().max() <= 1.2, "still images"

# %% wrong 04.9: still too sharp
blurred = noisy

# %% wrong 04.9: That is the truth itself
blurred = photos.clone()

# %% wrong 04.9: between the noise and the blur
blurred = noisy.mean((2, 3), keepdim=True).expand_as(noisy)
