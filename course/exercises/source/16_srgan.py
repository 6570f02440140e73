# %% [markdown]
# # Exercise 16: SRGAN
# Nine tasks, about an hour: pixels from channels, the price of looking real, and how to read a paper's decibels.

# %%
import math

import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.metrics import psnr

photos = load_data("photos-tiny", "test", size=64).stack()[:8]
smaller = lambda x: F.avg_pool2d(x, 4)
enlarge = lambda x: x.repeat_interleave(4, -1).repeat_interleave(4, -2)

# %% for checks
import math

import torch
from torch import nn
from torch.nn import functional as F

smaller = lambda x: F.avg_pool2d(x, 4)
enlarge = lambda x: x.repeat_interleave(4, -1).repeat_interleave(4, -2)

# %% [markdown]
# ## 16.1 PixelShuffle
# Write it with nothing but `view` and `permute` (and `reshape`): channel $c r^2 + i r + j$ becomes the pixel in row $i$ and column $j$ of each square of channel $c$.

# %% answer 16.1 (2 points)
def pixel_shuffle(x, r):
    "`[B, C·r², H, W]` → `[B, C, r·H, r·W]`."
    ### BEGIN SOLUTION
    b, c, h, w = x.shape
    return x.view(b, c // r**2, r, r, h, w).permute(0, 1, 4, 2, 5, 3).reshape(b, c // r**2, h * r, w * r)
    ### END SOLUTION

# %% check 16.1
def check(pixel_shuffle):
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

# %% hidden 16.1
def hidden(pixel_shuffle):
    x = torch.randn(1, 9 * 4, 5, 2)
    for r in (3, 6): assert torch.equal(pixel_shuffle(x, r), F.pixel_shuffle(x, r)), "other factors"

# %% wrong 16.1: must be *interleaved*
def pixel_shuffle(x, r): return x.reshape(x.shape[0], x.shape[1] // r**2, x.shape[2] * r, x.shape[3] * r)

# %% wrong 16.1: to the *right*
def pixel_shuffle(x, r):
    b, c, h, w = x.shape
    return x.view(b, c // r**2, r, r, h, w).permute(0, 1, 4, 3, 5, 2).reshape(b, c // r**2, h * r, w * r)

# %% [markdown]
# ## 16.2 Prove it with one assertion
# Write `is_right`: it is given a function like yours and says whether it is a pixel shuffle by 2. **One** comparison of tensors should do, which
# every wrong version fails: choose the input well. (`nn.PixelShuffle` may be used here; the check hands you right and wrong versions.)

# %% answer 16.2
def is_right(shuffle):
    "Is `shuffle(x, 2)` a pixel shuffle?"
    ### BEGIN SOLUTION
    x = torch.arange(2 * 8 * 3 * 2.0).view(2, 8, 3, 2)
    return torch.equal(shuffle(x, 2), nn.PixelShuffle(2)(x))
    ### END SOLUTION

# %% check 16.2
def check(is_right):
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

# %% hidden 16.2
def hidden(is_right): assert not is_right(lambda x, r: F.pixel_shuffle(x, r).flip(0)), "also a wrong order in the batch"

# %% wrong 16.2: all versions look alike
def is_right(shuffle): return shuffle(torch.ones(1, 4, 3, 3), 2).shape == (1, 1, 6, 6)

# %% wrong 16.2: more than *one* of them
def is_right(shuffle):
    x = torch.arange(16.0).view(1, 4, 2, 2)
    return torch.equal(shuffle(x, 2), F.pixel_shuffle(x, 2))

# %% [markdown]
# ## 16.3 Predict: where the work is
# A convolution 3 × 3 from 64 to 64 maps costs $9\cdot 64\cdot 64$ multiplications for each pixel. SRResNet has 16 of them in its residual blocks, at the small
# size. How many times as much would the same blocks cost **after** enlarging 4 times per side?

# %% answer 16.3
times = 16  ### SOLUTION

# %% check 16.3
def check(times):
    assert times != 4, "4 times per side. How many times as many *pixels* are that?"
    assert times != 256, "The number of maps stays 64; only the number of pixels grows."
    assert times == 16, "Not yet: the cost of a convolution is proportional to the number of pixels."

# %% hidden 16.3
def hidden(times): assert times == 16, "16"

# %% wrong 16.3: times as many *pixels*
times = 4

# %% wrong 16.3: only the number of pixels grows
times = 256

# %% [markdown]
# ## 16.4 The price of a draw
# `fits` `[K, N]` are all images of $N$ pixels that have the same small one, all equally likely. Answer once with their mean, once with one of them by lot.
# By how many **decibels** is the PSNR of the second lower (from the expected squared errors)?

# %% answer 16.4
def price(fits):
    "Decibels that a drawn answer costs, compared with the mean of all possible ones."
    ### BEGIN SOLUTION
    mean = (fits - fits.mean(0)).square().mean()
    lot = (fits[:, None] - fits[None]).square().mean()
    return (10 * torch.log10(lot / mean)).item()
    ### END SOLUTION

# %% check 16.4
def check(price):
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

# %% hidden 16.4
def hidden(price):
    assert abs(price(torch.randn(40, 5, dtype=torch.float64)) - 3.0103) < 1e-3, "3.01 dB whatever the images are"

# %% wrong 16.4: Count the pairs
def price(fits):
    lot = (fits[:, None] - fits[None]).square().sum() / (len(fits) * (len(fits) - 1) * fits.shape[1])
    return (10 * torch.log10(lot / (fits - fits.mean(0)).square().mean())).item()


# %% wrong 16.4: 20 belongs to errors
def price(fits):
    return (
        20 * torch.log10((fits[:, None] - fits[None]).square().mean() / (fits - fits.mean(0)).square().mean())
    ).item()


# %% [markdown]
# ## 16.5 Fit the question
# An answer, made small again, should give what the network was shown. Correct any answer so that it does: enlarge the **difference** between the small
# image and the small version of the answer, and add it. (`smaller` takes means of 4 × 4 pixels, `enlarge` repeats each pixel 4 × 4 times.)

# %% answer 16.5
def consistent(answer, small):
    "The answer `[B, C, 4H, 4W]`, corrected to fit the small image `[B, C, H, W]`."
    ### BEGIN SOLUTION
    return answer + enlarge(small - smaller(answer))
    ### END SOLUTION

# %% check 16.5
def check(consistent):
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

# %% hidden 16.5
def hidden(consistent):
    x = torch.rand(1, 1, 8, 8)
    assert torch.allclose(consistent(x, smaller(x)), x, atol=1e-6), "what fits already stays as it is"

# %% wrong 16.5: fits worse than before
def consistent(answer, small): return answer + enlarge(smaller(answer) - small)

# %% wrong 16.5: fine detail has gone
def consistent(answer, small): return enlarge(small)

# %%
noisy = (photos + 0.3 * torch.randn(photos.shape, generator=seeded_generator("noisy"))).clamp(-1, 1)
blurred = F.interpolate(smaller(photos), scale_factor=4, mode="bilinear")
for name, y in {"bilinear": blurred, "the truth with noise": noisy}.items():
    corrected = psnr(consistent(y, smaller(photos)), photos).mean()
    print(f"{name:21} {psnr(y, photos).mean():.2f} dB, made consistent {corrected:.2f} dB")

# %% [markdown]
# ## 16.6 Find the bug: images that were never blurred
# This program makes the small images for training. On fine patterns it produces coarse ones that aren't there. Fix it (averaging is enough; sides
# are divisible by the factor).

# %% answer 16.6
def make_small(x, factor):
    "Images with a `factor`-th of the pixels per side, `[B, C, H, W]`."
    ### BEGIN SOLUTION
    return F.avg_pool2d(x, factor)
    ### STUDENT
    #: return x[..., ::factor, ::factor]
    ### END SOLUTION

# %% check 16.6
def check(make_small):
    stripes = (torch.arange(48) % 3 - 1.0).expand(1, 1, 48, 48)
    y = make_small(stripes, 4)
    assert y.shape == (1, 1, 12, 12), f"48 pixels by 4 are 12; yours are {list(y.shape)}."
    assert y.std() < 0.3, (
        "Stripes of 3 pixels can't be shown with every fourth pixel; yours come back with a contrast of "
        f"{y.std():.2f}, as false, coarse ones. What must happen before one picks?")
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert abs(make_small(x, 2).mean() - x.mean()) < 1e-5, \
        "The mean brightness should stay: each small pixel stands for a square of its own, and they don't overlap."

# %% hidden 16.6
def hidden(make_small):
    x = torch.zeros(1, 1, 6, 6)
    x[..., 3:, :3] = 1
    assert torch.allclose(make_small(x, 3).flatten(), torch.tensor([0.0, 0, 1, 0]), atol=1e-6), \
        "squares stay in their place"

# %% wrong 16.6: before one picks
def make_small(x, factor): return x[..., factor // 2::factor, factor // 2::factor]


# %% wrong 16.6: they don't overlap
def make_small(x, factor):
    return F.avg_pool2d(x, factor + 1, factor, factor // 2)[..., :x.shape[-2] // factor, :x.shape[-1] // factor]


# %% [markdown]
# ## 16.7 Find the bug: the answer depends on the company
# A service enlarges many users' images in one batch, and the same image comes back different every time. Fix `serve`. The network must be left in
# the mode in which it came, because someone may be training it.

# %% answer 16.7
def serve(net, x):
    "The network's answers, each independent of the others in the batch, without a graph."
    ### BEGIN SOLUTION
    mode = net.training
    net.eval()
    with torch.no_grad(): y = net(x)
    net.train(mode)
    return y
    ### STUDENT
    #: return net(x)
    ### END SOLUTION

# %% check 16.7
def check(serve):
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

# %% hidden 16.7
def hidden(serve):
    net = nn.Dropout(0.5)
    assert torch.equal(serve(net, torch.ones(100)), torch.ones(100)) and net.training, "dropout rests, too"

# %% wrong 16.7: how does it know that this is none
def serve(net, x):
    with torch.no_grad(): return net(x)

# %% wrong 16.7: in which it came
def serve(net, x):
    net.eval()
    with torch.no_grad(): return net(x)

# %% [markdown]
# ## 16.8 Read a table
# The seminar paper prints 22.59 dB for its SRResNet; bicubic interpolation has 30.6 dB on our faces. Hypothesis: its MSE was computed on [-1, 1], with MAX = 1.
# Write the correction, and then decide what follows: **A** the paper's network was better than bicubic, **B** after the correction its number may be
# compared with ours, **C** the correction is possible, but with other faces and another way to make them small, the numbers still can't be compared line by line.

# %% answer 16.8
corrected = 22.59 + 20 * math.log10(2)  ### SOLUTION
follows = "C"  ### SOLUTION

# %% check 16.8
def check(corrected, follows):
    assert follows in ("A", "B", "C"), "Answer with a letter."
    assert not abs(corrected - 22.59 + 20 * math.log10(2)) < 0.02, \
        "The wrong way: the hypothesis says that the printed number is too *small*."
    assert not abs(corrected - 22.59 - 10 * math.log10(2)) < 0.02, \
        "The errors are twice as large, and PSNR looks at their squares."
    assert abs(corrected - 22.59 - 20 * math.log10(2)) < 0.02, \
        "On [-1, 1] the MSE is four times as large. How many decibels are a factor of 4?"
    assert follows != "A", "Even corrected it is below our bicubic. (And bicubic on *its* faces isn't printed.)"
    assert follows != "B", "Same unit, other images. Would you compare two runners' times on different courses?"

# %% hidden 16.8
def hidden(corrected, follows): assert abs(corrected - 28.61) < 0.01 and follows == "C", "28.61 dB, C"

# %% wrong 16.8: The wrong way
corrected, follows = 22.59 - 6.02, "C"

# %% wrong 16.8: Same unit, other images
corrected, follows = 22.59 + 6.02, "B"

# %% [markdown]
# ## 16.9 When to stop a game
# Each look at the validation images gives two numbers: PSNR (larger is better) and a distance in features (smaller is better). A stop is **reasonable** if
# no other look is at least as good in both and better in one. Find the reasonable ones.

# %% answer 16.9 (2 points)
def reasonable(looks):
    "The looks (psnr, distance) that no other look beats, in their order."
    ### BEGIN SOLUTION
    beats = lambda b, a: b[0] >= a[0] and b[1] <= a[1] and b != a
    return [a for a in looks if not any(beats(b, a) for b in looks)]
    ### END SOLUTION

# %% check 16.9
def check(reasonable):
    looks = [(30.0, 0.50), (29.5, 0.30), (29.0, 0.35), (28.0, 0.20), (28.0, 0.25), (27.0, 0.21)]
    r = [tuple(v) for v in reasonable(list(looks))]
    assert set(r) <= set(looks), "Return some of the looks, as they are."
    assert len(r) > 1, "One is the truest, another looks most alike; both are reasonable, and neither beats the other."
    assert (29.0, 0.35) not in r, "(29.0, 0.35) isn't reasonable: (29.5, 0.30) is truer *and* looks more alike."
    assert (28.0, 0.25) not in r, \
        "(28.0, 0.25) is beaten by (28.0, 0.20): as true, and looks more alike. Equal in one is enough."
    assert r == [(30.0, 0.50), (29.5, 0.30), (28.0, 0.20)], f"Yours are {r}."

# %% hidden 16.9
def hidden(reasonable):
    assert reasonable([(1.0, 1.0)]) == [(1.0, 1.0)] and reasonable([(1.0, 2.0), (2.0, 1.0)]) == [(2.0, 1.0)], \
        "one look; a clear winner"

# %% wrong 16.9: neither beats the other
def reasonable(looks): return [max(looks)]

# %% wrong 16.9: Equal in one is enough
def reasonable(looks): return [a for a in looks if not any(b[0] > a[0] and b[1] < a[1] for b in looks)]
