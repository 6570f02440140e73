"""The checks of 16_srgan. Made by make.py; change source/16_srgan.py."""


import math

import torch
from torch import nn
from torch.nn import functional as F

smaller = lambda x: F.avg_pool2d(x, 4)
enlarge = lambda x: x.repeat_interleave(4, -1).repeat_interleave(4, -2)


def check_16_1(pixel_shuffle):
    x = torch.arange(2 * 12 * 2 * 3.0).view(2, 12, 2, 3)
    y, wanted = pixel_shuffle(x, 2), F.pixel_shuffle(x, 2)
    assert torch.is_tensor(y) and y.shape == wanted.shape, \
        f"From [2, 12, 2, 3] with r = 2 should come [2, 3, 4, 6]; yours is {list(getattr(y, 'shape', []))}."
    assert not torch.equal(y, x.reshape(wanted.shape)), (
        "A single reshape takes the numbers in the order in which they lie in memory: a row of one channel stays "
        "together. The four channels must be *interleaved*: permute first.")
    assert not torch.equal(y, F.pixel_shuffle(x.view(2, 3, 2, 2, 2, 3).transpose(2, 3).reshape(2, 12, 2, 3), 2)), \
        "Rows and columns inside the squares are exchanged: the second channel is the pixel to the *right*."
    assert torch.equal(y, wanted), (
        f"The first square should be {wanted[0, 0, :2, :2].int().tolist()}, and is {y[0, 0, :2, :2].int().tolist()}. "
        "Which of the six dimensions (B, C, i, j, H, W) belong together in the end?")


def check_16_2(is_right):
    def swapped(x, r): return F.pixel_shuffle(x.unflatten(1, (-1, r, r)).transpose(2, 3).flatten(1, 3), r)
    def flat(x, r): return x.reshape(len(x), x.shape[1] // r**2, x.shape[2] * r, x.shape[3] * r)
    def channels(x, r): return F.pixel_shuffle(x.unflatten(1, (r * r, -1)).transpose(1, 2).flatten(1, 2), r)
    assert is_right(F.pixel_shuffle) in (True,), "It refuses the right one."
    for wrong in (swapped, flat):
        assert not is_right(wrong), (
            "It accepts a wrong version: does every number of your input differ from the others? With ones or zeros "
            "all versions look alike, and shapes prove little.")
    assert not is_right(channels), \
        "It accepts a version that mixes up the channels of the result. Does your input make more than *one* of them?"


def check_16_3(times):
    assert times != 4, "4 times per side. How many times as many *pixels* are that?"
    assert times != 256, "The number of maps stays 64; only the number of pixels grows."
    assert times == 16, "Not yet: the cost of a convolution is proportional to the number of pixels."


def check_16_4(price):
    fits = (torch.rand(7, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64) > 0.5).double()
    p = float(price(fits))
    assert not abs(p - 10 * math.log10(7 / 6 * 2)) < 1e-2, (
        "By lot, the drawn one may be the true one: it is one of the equally likely images. Count the pairs (i, i), "
        "too.")
    assert not abs(p - 20 * math.log10(2)) < 1e-2, \
        "10 times the logarithm of a ratio of *squared* errors; 20 belongs to errors."
    assert not p < 0, "The sign: how much *lower* is the PSNR of the draw?"
    assert abs(p - 10 * math.log10(2)) < 1e-3, (
        f"Yours is {p:.2f} dB. Mean squared error of the mean over all truths; of a draw, over all pairs of truth and "
        "answer.")


def check_16_5(consistent):
    generator = torch.Generator().manual_seed(0)
    truth, answer = torch.rand(2, 3, 16, 16, generator=generator), torch.rand(2, 3, 16, 16, generator=generator)
    small = smaller(truth)
    y = consistent(answer, small)
    assert y.shape == answer.shape, f"The shape should stay [2, 3, 16, 16], and is {list(y.shape)}."
    before, after = ((smaller(v) - small).square().mean().item() for v in (answer, y))
    assert not after > before, "It fits worse than before: which of the two is to be subtracted from the other?"
    assert after < 1e-8, f"Made small, it still differs from what was shown (squared error {after:.4f})."
    detail = lambda v: v - enlarge(smaller(v))
    assert torch.allclose(detail(y), detail(answer), atol=1e-5), \
        "The answer's fine detail has gone. Only its coarse part is to be corrected."


def check_16_6(make_small):
    stripes = (torch.arange(48) % 3 - 1.0).expand(1, 1, 48, 48)
    y = make_small(stripes, 4)
    assert y.shape == (1, 1, 12, 12), f"48 pixels by 4 are 12; yours are {list(y.shape)}."
    assert y.std() < 0.3, (
        "Stripes of 3 pixels can't be shown with every fourth pixel; yours come back with a contrast of "
        f"{y.std():.2f}, as false, coarse ones. What must happen before one picks?")
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert abs(make_small(x, 2).mean() - x.mean()) < 1e-5, \
        "The mean brightness should stay: each small pixel stands for a square of its own, and they don't overlap."


def check_16_7(serve):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3, 1, 1))
    x, other = torch.randn(3, 1, 6, 6), torch.randn(3, 1, 6, 6)
    other[0] = x[0]
    kept = net[1].running_mean.clone()
    assert torch.allclose(serve(net.train(), x)[0], serve(net.train(), other)[0], atol=1e-6), (
        "The first image is the same in both batches, and its answer isn't. Which layer behaves differently in "
        "training, and how does it know that this is none?")
    assert torch.equal(net[1].running_mean, kept), "Serving has changed the network's running means."
    assert not serve(net, x).requires_grad, \
        "The answer drags the whole graph along, and with it the memory of every batch."
    net.train(), serve(net, x)
    was_training = net.training
    net.eval(), serve(net, x)
    assert was_training and not net.training, "The network isn't in the mode in which it came."


def check_16_8(corrected, follows):
    assert follows in ("A", "B", "C"), "Answer with a letter."
    assert not abs(corrected - 22.59 + 20 * math.log10(2)) < 0.02, \
        "The wrong way: the hypothesis says that the printed number is too *small*."
    assert not abs(corrected - 22.59 - 10 * math.log10(2)) < 0.02, \
        "The errors are twice as large, and PSNR looks at their squares."
    assert abs(corrected - 22.59 - 20 * math.log10(2)) < 0.02, \
        "On [-1, 1] the MSE is four times as large. How many decibels are a factor of 4?"
    assert follows != "A", "Even corrected it is below our bicubic. (And bicubic on *its* faces isn't printed.)"
    assert follows != "B", "Same unit, other images. Would you compare two runners' times on different courses?"


def check_16_9(reasonable):
    looks = [(30.0, 0.50), (29.5, 0.30), (29.0, 0.35), (28.0, 0.20), (28.0, 0.25), (27.0, 0.21)]
    r = [tuple(v) for v in reasonable(list(looks))]
    assert set(r) <= set(looks), "Return some of the looks, as they are."
    assert len(r) > 1, "One is the truest, another looks most alike; both are reasonable, and neither beats the other."
    assert (29.0, 0.35) not in r, "(29.0, 0.35) isn't reasonable: (29.5, 0.30) is truer *and* looks more alike."
    assert (28.0, 0.25) not in r, \
        "(28.0, 0.25) is beaten by (28.0, 0.20): as true, and looks more alike. Equal in one is enough."
    assert r == [(30.0, 0.50), (29.5, 0.30), (28.0, 0.20)], f"Yours are {r}."
