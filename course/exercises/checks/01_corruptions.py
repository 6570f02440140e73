"""The checks of 01_corruptions. Made by make.py; change source/01_corruptions.py."""


import hashlib
import math

import torch

rng = lambda n=0: torch.Generator().manual_seed(n)


def check_01_1(brightness):
    assert brightness != 0, \
        "The noise has the mean 0, but what falls below black is clipped away: half of the bell is folded to 0."
    assert not abs(brightness - 0.15) < 0.01, (
        "Half of the pixels stay black, right; the others aren't 0.3 on average. What is the mean of the right half of "
        "a bell of that width?")
    assert not abs(brightness - 0.3 * math.sqrt(2 / math.pi)) < 0.01, \
        "That is the mean of |noise|. Only the *upper* half counts; the lower becomes 0."
    measured = (0.3 * torch.randn(400_000, generator=rng())).clamp(0, 1).mean().item()
    assert abs(brightness - measured) < 0.01, "Not yet. Try it: draw many numbers, multiply, clamp, take the mean."


def check_01_2(add_noise):
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


def check_01_3(salt_and_pepper):
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


def check_01_4(places):
    p = places(3000, 10, 4, rng())
    assert p.shape == (3000, 2), f"Two numbers for each of the 3,000 images; yours has the shape {list(p.shape)}."
    assert len(p.unique(dim=0)) > 1, "Every image of the batch has its square in the same place."
    assert p.min() == 0, "No square begins at the first row or column."
    assert p.max() <= 6, f"A square of 4 that begins at {int(p.max())} hangs over the edge of 10 pixels."
    assert p.max() == 6, (
        "The last row and column are never covered: a square of 4 in 10 pixels may begin at 6, and yours begins at 5 "
        "at the most.")
    assert (p[:, 0] != p[:, 1]).any(), "Row and column should be drawn independently."


def check_01_5(side):
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


def check_01_6(to_bytes):
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


def check_01_7(to_grey):
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


def check_01_8(binarise):
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


def check_01_9(leaky):
    assert isinstance(leaky, (set, list, tuple)) and set(leaky) <= set("ABCD") and len(set(leaky)), \
        "Give a set of letters, such as {\"A\"}."
    assert "B" not in leaky, "In B all tiles of a photograph are on one side."
    assert {"A", "C"} <= set(leaky), (
        "Neighbouring tiles of one sky on both sides: the test asks for what was learned. Which splits put them there? "
        "(A hash of the wrong thing is as bad as a random choice.)")
    assert "D" in leaky, "Two resolutions of one photograph are one photograph. Do their names have the same hash?"
