# %% [markdown]
# # Exercise 1: data and corruptions
# Nine tasks on chapters 0 and 1, about an hour. Whoever corrupts images wrongly measures nothing afterwards: noise, holes, splits, bytes.

# %%
import hashlib
import math
from pathlib import Path

import torch

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.data import load_data

digits = load_data("digits28", "test").stack(12)
photos = load_data("photos-tiny", "test", size=32).stack()[:12]

# %% for checks
import hashlib
import math

import torch

rng = lambda n=0: torch.Generator().manual_seed(n)

# %% [markdown]
# ## 1.1 Predict: noise in the dark
# A **black** image gets Gaussian noise of $\sigma = 0.3$ (scale [0, 1]) and is clipped to [0, 1], as a file must be. What is its mean brightness afterwards,
# within 0.01?

# %% answer 01.1
brightness = 0.3 / math.sqrt(2 * math.pi)  ### SOLUTION

# %% check 01.1
def check(brightness):
    assert brightness != 0, \
        "The noise has the mean 0, but what falls below black is clipped away: half of the bell is folded to 0."
    assert not abs(brightness - 0.15) < 0.01, (
        "Half of the pixels stay black, right; the others aren't 0.3 on average. What is the mean of the right half of "
        "a bell of that width?")
    assert not abs(brightness - 0.3 * math.sqrt(2 / math.pi)) < 0.01, \
        "That is the mean of |noise|. Only the *upper* half counts; the lower becomes 0."
    measured = (0.3 * torch.randn(400_000, generator=rng())).clamp(0, 1).mean().item()
    assert abs(brightness - measured) < 0.01, "Not yet. Try it: draw many numbers, multiply, clamp, take the mean."

# %% hidden 01.1
def hidden(brightness): assert abs(brightness - 0.1197) < 0.01, "σ/√(2π) = 0.12"

# %% wrong 01.1: half of the bell
brightness = 0

# %% wrong 01.1: Only the *upper* half
brightness = 0.3 * math.sqrt(2 / math.pi)

# %% [markdown]
# ## 1.2 Gaussian noise
# Write it for images in [-1, 1], with $\sigma$ given as papers give it, for [0, 1]. Clip; take all randomness from `generator`; leave `x` alone.

# %% answer 01.2
def add_noise(x, sigma, generator):
    "Noisy images in [-1, 1]."
    ### BEGIN SOLUTION
    return (x + 2 * sigma * torch.randn(x.shape, generator=generator)).clamp(-1, 1)
    ### END SOLUTION

# %% check 01.2
def check(add_noise):
    grey = torch.zeros(40, 1, 32, 32)
    y = add_noise(grey, 0.1, rng())
    assert not grey.any(), "The image that was handed over has changed: work on a copy."
    assert y.shape == grey.shape and y.std() > 0, "Every pixel should get noise of its own, of the same shape."
    assert not abs(y.std().item() - 0.1) < 0.01, (
        "Half as strong as it should be: on [-1, 1] everything is twice as wide, the noise too. Forgetting that makes "
        "every result look better than it is.")
    assert abs(y.std().item() - 0.2) < 0.01, \
        f"A σ of 0.1 is a standard deviation of 0.2 on [-1, 1]; yours has {y.std().item():.3f}."
    strong = add_noise(grey, 3.0, rng())
    assert strong.min() >= -1 and strong.max() <= 1, f"A file can't hold {strong.max():.1f}. Clip to [-1, 1]."
    assert torch.equal(y, add_noise(grey, 0.1, rng())) and not torch.equal(y, add_noise(grey, 0.1, rng(1))), \
        "The same generator should give the same noise, and another one another: use `generator=`."

# %% hidden 01.2
def hidden(add_noise):
    assert torch.equal(add_noise(torch.ones(1, 3, 2, 5) * 0.3, 0.0, rng()), torch.ones(1, 3, 2, 5) * 0.3), \
        "no noise, no change"

# %% wrong 01.2: Half as strong
def add_noise(x, sigma, generator): return (x + sigma * torch.randn(x.shape, generator=generator)).clamp(-1, 1)

# %% wrong 01.2: A file can't hold
def add_noise(x, sigma, generator): return x + 2 * sigma * torch.randn(x.shape, generator=generator)

# %% wrong 01.2: use `generator=`
def add_noise(x, sigma, generator): return (x + 2 * sigma * torch.randn(x.shape)).clamp(-1, 1)

# %% [markdown]
# ## 1.3 Salt, pepper and an honest mask
# A share `amount` of the pixels becomes white (1) or black (-1), half and half; a pixel is hit in **all** its channels at once. Return the corrupted image and the
# mask `[B, 1, H, W]`, 1 where it was corrupted.

# %% answer 01.3 (2 points)
def salt_and_pepper(x, amount, generator):
    "Corrupted images `[B, C, H, W]`, and where they are corrupted."
    ### BEGIN SOLUTION
    u = torch.rand(len(x), 1, *x.shape[-2:], generator=generator)
    mask = (u < amount).float()
    return torch.where(mask > 0, torch.where(u < amount / 2, 1.0, -1.0), x), mask
    ### END SOLUTION

# %% check 01.3
def check(salt_and_pepper):
    x = torch.full((20, 3, 32, 32), 0.25)
    result = salt_and_pepper(x, 0.3, rng())
    assert isinstance(result, tuple) and len(result) == 2, "Return two things: the image and the mask."
    y, mask = result
    assert mask.shape == (20, 1, 32, 32), f"One mask for all channels, [20, 1, 32, 32]; yours is {list(mask.shape)}."
    assert (y[:, 0] == y[:, 1]).all() and (y[:, 0] == y[:, 2]).all(), \
        "The channels are hit independently: that is coloured confetti. A dead cell is dead in all channels."
    assert abs(mask.float().mean().item() - 0.3) < 0.02, \
        f"30 % of the pixels should be hit, and the mask says {mask.float().mean():.0%}."
    white, black = (y == 1).float().mean().item(), (y == -1).float().mean().item()
    assert abs(white - 0.15) < 0.02 and abs(black - 0.15) < 0.02, (
        f"Half of the hits should be white, half black: 15 % each of all pixels; yours are {white:.0%} and "
        f"{black:.0%}.")
    assert ((y != x).any(1, keepdim=True) == (mask > 0)).all(), \
        "The mask isn't honest: where it is 0, the pixel must be as it was, and the other way round."

# %% hidden 01.3
def hidden(salt_and_pepper):
    x = torch.rand(2, 1, 4, 4)
    y, mask = salt_and_pepper(x, 0.0, rng())
    assert torch.equal(x, y) and not mask.any() and salt_and_pepper(x, 1.0, rng())[1].all(), "none, and all"

# %% wrong 01.3: coloured confetti
def salt_and_pepper(x, amount, generator):
    u = torch.rand(x.shape, generator=generator)
    return torch.where(u < amount, torch.where(u < amount / 2, 1.0, -1.0), x), (u < amount).any(1, keepdim=True).float()

# %% wrong 01.3: Half of the hits
def salt_and_pepper(x, amount, generator):
    mask = (torch.rand(len(x), 1, *x.shape[-2:], generator=generator) < amount).float()
    return torch.where(mask > 0, 1.0, x), mask

# %%
_ = show_rows(
    {
        "original": photos,
        "noise": add_noise(photos, 0.2, seeded_generator("1")),
        "salt and pepper": salt_and_pepper(photos, 0.2, seeded_generator("2"))[0],
    },
    n=12,
)

# %% [markdown]
# ## 1.4 Find the bug: the column that is never hidden
# Rectangles are to lie anywhere. With this function some pixels are never covered, and a network can rely on them. Besides, all images of a batch get the same
# place. Fix both. (`torch.randint(low, high, …)` draws integers *below* `high`.)

# %% answer 01.4
def places(batch, side, size, generator):
    "Top left corners `[batch, 2]` of squares of `size` pixels in images of `side` pixels, all places equally likely."
    ### BEGIN SOLUTION
    return torch.randint(0, side - size + 1, (batch, 2), generator=generator)
    ### STUDENT
    #: corner = torch.randint(0, side - size, (1, 2), generator=generator)
    #: return corner.expand(batch, 2)
    ### END SOLUTION

# %% check 01.4
def check(places):
    p = places(3000, 10, 4, rng())
    assert p.shape == (3000, 2), f"Two numbers for each of the 3,000 images; yours has the shape {list(p.shape)}."
    assert len(p.unique(dim=0)) > 1, "Every image of the batch has its square in the same place."
    assert p.min() == 0, "No square begins at the first row or column."
    assert p.max() <= 6, f"A square of 4 that begins at {int(p.max())} hangs over the edge of 10 pixels."
    assert p.max() == 6, (
        "The last row and column are never covered: a square of 4 in 10 pixels may begin at 6, and yours begins at 5 "
        "at the most.")
    assert (p[:, 0] != p[:, 1]).any(), "Row and column should be drawn independently."

# %% hidden 01.4
def hidden(places): assert places(5, 7, 7, rng()).eq(0).all(), "a square as large as the image has one place"

# %% wrong 01.4: never covered
def places(batch, side, size, generator): return torch.randint(0, side - size, (batch, 2), generator=generator)

# %% wrong 01.4: hangs over the edge
def places(batch, side, size, generator): return torch.randint(0, side, (batch, 2), generator=generator)


# %% wrong 01.4: in the same place
def places(batch, side, size, generator):
    return torch.randint(0, side - size + 1, (1, 2), generator=generator).expand(batch, 2)


# %% [markdown]
# ## 1.5 Train or test?
# Write the rule by which an image falls on one side for ever: the SHA-256 of its **name without folder and ending** (`Path(…).stem`, as UTF-8), its first 8
# hexadecimal digits as a number; if that number modulo 100 is below 10, it is a test image.

# %% answer 01.5
def side(path):
    "`test` or `train`."
    ### BEGIN SOLUTION
    number = int(hashlib.sha256(Path(path).stem.encode()).hexdigest()[:8], 16)
    return "test" if number % 100 < 10 else "train"
    ### END SOLUTION

# %% check 01.5
def check(side):
    names = [f"face_{i:04}" for i in range(2000)]
    sides = [side(f"{n}.jpg") for n in names]
    assert set(sides) <= {"test", "train"}, "Answer with the word test or train."
    assert all(side(f"small/{n}.png") == s for n, s in zip(names, sides)), (
        "The same face in another folder and format falls on the other side: trained on and tested on. Only the stem "
        "may decide.")
    share = sides.count("test") / 2000
    assert abs(share - 0.1) < 0.03, f"About a tenth should be for testing; with you it is {share:.1%}."
    wanted = ["test" if int(hashlib.sha256(n.encode()).hexdigest()[:8], 16) % 100 < 10 else "train" for n in names]
    assert sides == wanted, (
        "A tenth, but not the tenth that the rule names. Python's own `hash` of a text is another one in every run, "
        "and so is any random choice: tomorrow a test image would be trained on.")

# %% hidden 01.5
def hidden(side): assert side("a/b/München.TIFF") == side("München"), "letters beyond ASCII, no ending"

# %% wrong 01.5: Only the stem may decide
def side(path): return "test" if int(hashlib.sha256(str(path).encode()).hexdigest()[:8], 16) % 100 < 10 else "train"

# %% wrong 01.5: in every run
def side(path): return "test" if hash(Path(path).stem) % 100 < 10 else "train"

# %% [markdown]
# ## 1.6 To bytes
# An image in [-1, 1] is saved with 256 levels. Write the conversion so that the error is as small as possible, and that a network's answer a little beyond the range
# doesn't become its opposite.

# %% answer 01.6
def to_bytes(x):
    "Pixels in [-1, 1], perhaps a little beyond, as `uint8`."
    ### BEGIN SOLUTION
    return ((x / 2 + 0.5) * 255).round().clamp(0, 255).to(torch.uint8)
    ### END SOLUTION

# %% check 01.6
def check(to_bytes):
    levels = torch.arange(256.0) / 127.5 - 1
    b = to_bytes(levels)
    assert b.dtype == torch.uint8, f"The type should be torch.uint8, and is {b.dtype}."
    assert b.min() == 0 and b.max() == 255, \
        f"Black should be 0 and white 255; yours are {int(b.min())} and {int(b.max())}."
    beyond = to_bytes(torch.tensor([1.02, -1.02]))
    assert beyond.tolist() == [255, 0], \
        f"A little whiter than white becomes {int(beyond[0])}: bytes begin again at 0. Clip before you convert."
    x = torch.linspace(-1, 1, 5001)
    error = (to_bytes(x) / 127.5 - 1 - x)
    assert not error.mean() < -1e-3, \
        "On average the image gets darker by half a level: conversion cuts off what stands behind the point."
    assert error.abs().max() <= 1 / 255 + 1e-5, "Some pixels are off by more than half a level."

# %% hidden 01.6
def hidden(to_bytes):
    assert torch.equal(to_bytes(torch.arange(256.0) / 127.5 - 1), torch.arange(256, dtype=torch.uint8)), \
        "there and back"

# %% wrong 01.6: gets darker
def to_bytes(x): return ((x / 2 + 0.5) * 255).clamp(0, 255).to(torch.uint8)

# %% wrong 01.6: begin again at 0
def to_bytes(x): return ((x / 2 + 0.5) * 255).round().to(torch.int32).to(torch.uint8)

# %% [markdown]
# ## 1.7 Grey
# To grey with the luma of ITU-R 601: 0.299 red, 0.587 green, 0.114 blue. Keep a channel: `[B, 3, H, W]` → `[B, 1, H, W]`.

# %% answer 01.7
def to_grey(x):
    "Luma of RGB images."
    ### BEGIN SOLUTION
    return (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    ### END SOLUTION

# %% check 01.7
def check(to_grey):
    x = torch.rand(2, 3, 4, 3, generator=rng()) * 2 - 1
    y, w = to_grey(x), torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    assert y.shape == (2, 1, 4, 3), (
        f"[2, 3, 4, 3] should become [2, 1, 4, 3]; yours is {list(y.shape)}. If a broadcast went along the wrong side, "
        "it only shows here, where the image isn't square.")
    assert not torch.allclose(y, x.mean(1, keepdim=True), atol=1e-5), \
        "The plain mean: a blue looks as bright as a green then. Eyes disagree."
    assert not torch.allclose(y, (x * w.flip(1)).sum(1, keepdim=True), atol=1e-5), \
        "Red and blue are exchanged. (OpenCV reads BGR; we have RGB.)"
    assert torch.allclose(y, (x * w).sum(1, keepdim=True), atol=1e-5), "Weights times channels, added up."

# %% hidden 01.7
def hidden(to_grey):
    assert torch.allclose(to_grey(torch.ones(1, 3, 2, 2)), torch.ones(1, 1, 2, 2), atol=1e-5), "white stays white"

# %% wrong 01.7: Eyes disagree
def to_grey(x): return x.mean(1, keepdim=True)

# %% wrong 01.7: exchanged
def to_grey(x): return (x * torch.tensor([0.114, 0.587, 0.299]).view(1, 3, 1, 1)).sum(1, keepdim=True)

# %% [markdown]
# ## 1.8 Coins
# Chapter 13 needs images in black and white: every pixel becomes white (1) with a probability equal to its brightness in [0, 1], else black (-1). Write it.

# %% answer 01.8
def binarise(x, generator):
    "Images of -1 and 1 whose mean over many draws is `x`, in [-1, 1]."
    ### BEGIN SOLUTION
    return (torch.rand(x.shape, generator=generator) < x / 2 + 0.5).float() * 2 - 1
    ### END SOLUTION

# %% check 01.8
def check(binarise):
    x = torch.linspace(-1, 1, 9).expand(4000, 1, 1, 9)
    y = binarise(x, rng())
    assert y.shape == x.shape and set(y.unique().tolist()) <= {-1.0, 1.0}, \
        f"Only -1 and 1, please; yours has {[round(v, 2) for v in y.unique().tolist()[:4]]}."
    mean = y.mean(0).flatten()
    assert (y[:, 0, 0, 5] != y[0, 0, 0, 5]).any(), \
        "A threshold, not a coin: a grey pixel always becomes the same. Its mean over many draws should be its grey."
    assert mean[0] == -1 and mean[-1] == 1, "Black must stay black and white white, always."
    assert not (mean[1] - x[0, 0, 0, 1]).abs() > 0.06, (
        f"A pixel of {x[0, 0, 0, 1]:.2f} becomes {mean[1]:.2f} on average. -0.75 isn't a probability; which one "
        "belongs to it?")
    assert (mean - x[0, 0, 0]).abs().max() < 0.06, "The mean over many draws should be the image."

# %% hidden 01.8
def hidden(binarise):
    x = torch.zeros(2, 1, 8, 8)
    y = binarise(x, rng(5))
    assert torch.equal(y, binarise(x, rng(5))) and not torch.equal(y[0], y[1]), \
        "random numbers from the generator, others for each image"

# %% wrong 01.8: A threshold
def binarise(x, generator): return (x > 0).float() * 2 - 1

# %% wrong 01.8: isn't a probability
def binarise(x, generator): return (torch.rand(x.shape, generator=generator) < x).float() * 2 - 1

# %%
_ = show_rows(
    {
        "grey": digits,
        "coins": binarise(digits, seeded_generator("coins")),
        "again": binarise(digits, seeded_generator("again")),
    },
    n=12,
)

# %% [markdown]
# ## 1.9 Design: where does it leak?
# Someone trains on photographs cut into tiles of 64 × 64. Which of these splits let the network see (parts of) its test images? Give the set of letters.
#
# **A** all tiles shuffled, a tenth for testing, **B** photographs split first, then cut, **C** split by the hash of the tile's own number, **D** split by the hash
# of the photograph's name, but the same photographs come in two resolutions with the names `sea` and `sea_small`

# %% answer 01.9
leaky = {"A", "C", "D"}  ### SOLUTION

# %% check 01.9
def check(leaky):
    assert isinstance(leaky, (set, list, tuple)) and set(leaky) <= set("ABCD") and len(set(leaky)), \
        "Give a set of letters, such as {\"A\"}."
    assert "B" not in leaky, "In B all tiles of a photograph are on one side."
    assert {"A", "C"} <= set(leaky), (
        "Neighbouring tiles of one sky on both sides: the test asks for what was learned. Which splits put them there? "
        "(A hash of the wrong thing is as bad as a random choice.)")
    assert "D" in leaky, "Two resolutions of one photograph are one photograph. Do their names have the same hash?"

# %% hidden 01.9
def hidden(leaky): assert set(leaky) == {"A", "C", "D"}, "A, C and D"

# %% wrong 01.9: Do their names have
leaky = {"A", "C"}

# %% wrong 01.9: Neighbouring tiles
leaky = {"A", "D"}
