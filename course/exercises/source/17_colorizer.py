# %% [markdown]
# # Exercise 17: the colorizer
# Nine tasks, about an hour: look everywhere at once, keep the lightness, and ask why answers turn brown.

# %%
import math

import torch
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.data import load_data
from recon.images import lab_to_rgb, rgb_to_lab
from recon.metrics import colourfulness

photos = load_data("photos-tiny", "test", size=64).stack()[:8]

# %% for checks
import torch


def look():
    "A small map and the matrices of query, key and value."
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    return draw(2, 6, 3, 4), draw(5, 6), draw(5, 6), draw(7, 6)

# %% [markdown]
# ## 17.1 Self-attention
# Each place of a map asks all places (Zhang et al. 2019): its **query** $q = W_q x$ is compared with every place's **key** $k = W_k x$; the softmax of $q\cdot k$ *over the
# places that are asked* says how much of each place's **value** $W_v x$ it takes. Write it. (`x.flatten(2)` makes a map `[B, C, H·W]`.)

# %% answer 17.1 (2 points)
def attend(x, wq, wk, wv):
    "Map `[B, C, H, W]`, matrices `[K, C]`, `[K, C]` and `[D, C]` → `[B, D, H, W]`."
    ### BEGIN SOLUTION
    flat = x.flatten(2)
    q, k, v = wq @ flat, wk @ flat, wv @ flat
    weights = (q.transpose(1, 2) @ k).softmax(-1)
    return (v @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
    ### END SOLUTION

# %% check 17.1
def check(attend):
    x, wq, wk, wv = look()
    y = attend(x, wq, wk, wv)
    assert torch.is_tensor(y) and y.shape == (2, 7, 3, 4), \
        f"From [2, 6, 3, 4] with 7 values should come [2, 7, 3, 4]; yours is {list(getattr(y, 'shape', []))}."
    mean = (wv @ x.flatten(2)).mean(2)
    even = attend(x, 0 * wq, wk, wv)
    assert not torch.allclose(even, even * 0 + mean[..., None, None] * 12, atol=1e-4), \
        "The weights of a place don't add up to 1. Is there a softmax?"
    assert torch.allclose(even, mean[..., None, None].expand_as(even), atol=1e-5), \
        "A query of 0 prefers nobody: every place should get the mean of all values."
    q, k, v = (w @ x.flatten(2) for w in (wq, wk, wv))
    score = q.transpose(1, 2) @ k
    assert not torch.allclose(y.flatten(2), v @ score.softmax(1).transpose(1, 2), atol=1e-4), (
        "Your softmax goes over those who *ask*. The weights of one asking place, over all it asks, should add up to "
        "1.")
    assert not torch.allclose(y.flatten(2), v @ score.softmax(-1), atol=1e-4), \
        "Asking and asked are exchanged when the values are collected. Which index of the weights is summed over?"
    assert torch.allclose(y.flatten(2), v @ score.softmax(-1).transpose(1, 2), atol=1e-4), \
        "Close in form; the numbers differ. q with k, softmax, then the values."

# %% hidden 17.1
def hidden(attend):
    x, wq, wk, wv = look()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    shuffled = x.flatten(2)[:, :, order].view_as(x)
    answer, other = (attend(v, wq, wk, wv).flatten(2) for v in (x, shuffled))
    assert torch.allclose(answer[:, :, order], other, atol=1e-5), \
        "it doesn't know where it is: shuffled places, shuffled answer"

# %% wrong 17.1: over those who *ask*
def attend(x, wq, wk, wv):
    q, k, v = (w @ x.flatten(2) for w in (wq, wk, wv))
    return (v @ (q.transpose(1, 2) @ k).softmax(1).transpose(1, 2)).unflatten(2, x.shape[2:])

# %% wrong 17.1: are exchanged
def attend(x, wq, wk, wv):
    q, k, v = (w @ x.flatten(2) for w in (wq, wk, wv))
    y = v @ (q.transpose(1, 2) @ k).softmax(-1)
    return y.unflatten(2, x.shape[2:])

# %% wrong 17.1: Is there a softmax
def attend(x, wq, wk, wv):
    q, k, v = (w @ x.flatten(2) for w in (wq, wk, wv))
    return (v @ (q.transpose(1, 2) @ k).exp().transpose(1, 2)).unflatten(2, x.shape[2:])

# %% [markdown]
# ## 17.2 Predict: the price of looking everywhere
# A map of 32 × 32 places; every place asks every place. Ours asks *blocks* of 4 × 4 places instead (their mean). How many weights has the softmax for one image, in the
# first and in the second case?

# %% answer 17.2
### BEGIN SOLUTION
all_places, blocks = (32 * 32) ** 2, (32 * 32) * (8 * 8)
### STUDENT
#: all_places, blocks = ..., ...
### END SOLUTION

# %% check 17.2
def check(all_places, blocks):
    n = 32 * 32
    assert all_places != n, "That is the number of places. Each of them asks each."
    assert all_places == n**2, "Not yet: the number of pairs of places."
    assert blocks != n**2 // 256, "Only the *asked* places are gathered into blocks. Those who ask stay single."
    assert blocks != n**2 // 4, "A block of 4 × 4 stands for how many places?"
    assert blocks == n**2 // 16, "Not yet: how many blocks are there, and how many places ask each of them?"

# %% hidden 17.2
def hidden(all_places, blocks): assert (all_places, blocks) == (1_048_576, 65_536), "1,048,576 and 65,536"

# %% wrong 17.2: number of places. Each
all_places, blocks = 1024, 64

# %% wrong 17.2: stay single
all_places, blocks = 1024**2, 64**2

# %% [markdown]
# ## 17.3 Lightness
# A colorizer is given $L^*$. Write it for sRGB in [-1, 1]: to [0, 1]; undo the gamma curve ($c/12.92$ up to 0.04045, else $((c + 0.055)/1.055)^{2.4}$); luminance
# $Y = 0.2127 R + 0.7152 G + 0.0722 B$; then $L = 116\,Y^{1/3} - 16$ (for $Y$ above 0.008856, else $903.3\,Y$).

# %% answer 17.3 (2 points)
def lightness(x):
    "RGB `[B, 3, H, W]` in [-1, 1] → L in [0, 100], `[B, 1, H, W]`."
    ### BEGIN SOLUTION
    c = x / 2 + 0.5
    linear = torch.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    y = (linear * torch.tensor([0.2127, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return torch.where(y > 0.008856, 116 * y ** (1 / 3) - 16, 903.3 * y)
    ### END SOLUTION

# %% check 17.3
def check(lightness):
    from recon.images import rgb_to_lab

    x = torch.rand(3, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ours, wanted = lightness(x), rgb_to_lab(x)[:, :1]
    assert torch.is_tensor(ours) and ours.shape == wanted.shape, \
        f"[3, 3, 5, 4] should become [3, 1, 5, 4]; yours is {list(getattr(ours, 'shape', []))}."
    grey = torch.zeros(1, 3, 1, 1)
    value = float(lightness(grey))
    assert not abs(value - 76.07) < 0.3, (
        "Middle grey comes out as 76: the gamma curve is still in it. A stored ½ is only about a fifth of white's "
        "light.")
    assert abs(value - 53.39) < 0.3, f"Middle grey (0 in [-1, 1]) has L = 53.4; yours {value:.1f}. To [0, 1] first?"
    assert (
        abs(float(lightness(torch.ones(1, 3, 1, 1))) - 100) < 0.1
        and abs(float(lightness(-torch.ones(1, 3, 1, 1)))) < 0.1
    ), "White is 100 and black 0."
    assert (ours - wanted).abs().max() < 0.2, \
        "Right for greys; for colours the channels' weights matter. Gamma first, then the weights."

# %% hidden 17.3
def hidden(lightness):
    from recon.images import rgb_to_lab

    dark = torch.full((1, 3, 1, 1), -0.97)
    assert (lightness(dark) - rgb_to_lab(dark)[:, :1]).abs().max() < 0.1, "also in the dark, where the curve is a line"

# %% wrong 17.3: the gamma curve is still in it
def lightness(x):
    y = ((x / 2 + 0.5) * torch.tensor([0.2127, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return torch.where(y > 0.008856, 116 * y ** (1 / 3) - 16, 903.3 * y)

# %% wrong 17.3: Gamma first, then the weights
def lightness(x):
    c = ((x / 2 + 0.5) * torch.tensor([0.2127, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    y = torch.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    return torch.where(y > 0.008856, 116 * y.clamp(min=1e-9) ** (1 / 3) - 16, 903.3 * y)

# %% [markdown]
# ## 17.4 Find the bug: the image that lost its lightness
# The network answers in RGB, and its answer is shown as it is. But the grey image was *given*: nothing about its lightness needs to be guessed. Fix `compose`, so that the
# result has the given lightness and only the colours of the answer. (`rgb_to_lab`, `lab_to_rgb`; L, a and b are the three channels.)

# %% answer 17.4
def compose(given, answer):
    "RGB `[B, 3, H, W]`; `given`: L `[B, 1, H, W]` in [0, 100], `answer`: RGB in [-1, 1]."
    ### BEGIN SOLUTION
    return lab_to_rgb(torch.cat([given, rgb_to_lab(answer)[:, 1:]], 1))
    ### STUDENT
    #: return answer
    ### END SOLUTION

# %% check 17.4
def check(compose):
    from recon.images import rgb_to_lab

    truth = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.6 - 0.3
    given, answer = rgb_to_lab(truth)[:, :1], (truth * 0.8 - 0.1)
    y = compose(given, answer)
    assert y.shape == truth.shape, f"RGB [2, 3, 4, 4] is wanted; yours is {list(y.shape)}."
    assert y.min() >= -1 and y.max() <= 1, "These aren't RGB values in [-1, 1]: back from L*a*b*, please."
    lab = rgb_to_lab(y)
    assert (lab[:, :1] - given).abs().max() < 1, \
        f"The lightness differs from what was given by up to {(lab[:, :1] - given).abs().max():.1f}."
    assert (lab[:, 1:] - rgb_to_lab(answer)[:, 1:]).abs().max() < 1, \
        "The colours (a and b) should be those of the answer; yours are others."

# %% hidden 17.4
def hidden(compose):
    from recon.images import rgb_to_lab

    x = torch.full((1, 3, 2, 2), 0.2)
    assert (compose(rgb_to_lab(x)[:, :1], x) - x).abs().max() < 1e-2, "the truth stays the truth"

# %% wrong 17.4: The lightness differs
def compose(given, answer): return (answer + given / 50 - 1) / 2

# %% wrong 17.4: yours are others
def compose(given, answer): return lab_to_rgb(torch.cat([given, torch.zeros(len(given), 2, *given.shape[2:])], 1))

# %% [markdown]
# ## 17.5 Predict: why it turns brown
# A balloon is red ($a = 60, b = 40$), green ($-60, 40$) or blue ($0, -80$), each with the same probability, and nothing in the grey image says which. A network trained with the squared error of
# $a$ and $b$: which $(a, b)$ does it answer? And with red twice as likely as each of the others?

# %% answer 17.5
### BEGIN SOLUTION
equal, mostly_red = (0.0, 0.0), ((2 * 60 - 60) / 4, (2 * 40 + 40 - 80) / 4)
### STUDENT
#: equal, mostly_red = ..., ...
### END SOLUTION

# %% check 17.5
def check(equal, mostly_red):
    colours = torch.tensor([[60.0, 40], [-60, 40], [0, -80]])
    assert tuple(equal) not in [tuple(c.tolist()) for c in colours], (
        "Whichever of the three it chose, it would be wrong by far twice in three times. The squared error is least "
        "for the mean.")
    assert (torch.tensor(equal) - colours.mean(0)).abs().max() < 0.1, \
        "With equal probabilities: the mean of the three. Which colour is that?"
    assert tuple(mostly_red) != (60, 40), \
        "Red is the likeliest, but the squared error asks for the *mean*, not for the likeliest."
    wanted = (colours * torch.tensor([0.5, 0.25, 0.25])[:, None]).sum(0)
    assert (torch.tensor(mostly_red) - wanted).abs().max() < 0.1, \
        "Red has two of four, the others one each: the weighted mean."

# %% hidden 17.5
def hidden(equal, mostly_red):
    assert tuple(equal) == (0, 0) and tuple(mostly_red) == (15, 10), "grey; and a quarter of red, which is brown"

# %% wrong 17.5: asks for the *mean*
equal, mostly_red = (0, 0), (60, 40)

# %% wrong 17.5: wrong by far
equal, mostly_red = (60, 40), (60, 40)

# %% [markdown]
# ## 17.6 Rare colours count more
# Most pixels are nearly grey and outvote the others. Zhang et al. (2016, eq. 4) weigh a colour by its rarity: with the shares $p$ of $Q$ colours, mix them with an even distribution,
# $\tilde p = (1-\lambda)\,p + \lambda/Q$, take $w = 1/\tilde p$, and scale so that the **mean weight of a pixel**, $\sum p\,w$, is 1. Write it.

# %% answer 17.6
def rarity(p, mix=0.5):
    "Weights of `Q` colours from their shares `[Q]`."
    ### BEGIN SOLUTION
    w = 1 / ((1 - mix) * p + mix / len(p))
    return w / (p * w).sum()
    ### END SOLUTION

# %% check 17.6
def check(rarity):
    p = torch.tensor([0.9, 0.09, 0.01, 0.0])
    w = rarity(p)
    assert torch.is_tensor(w) and w.isfinite().all(), \
        "A colour that never occurs has an infinite weight: mix with the even distribution before you divide."
    assert (w.diff() > 0).all(), "The rarer the colour, the larger its weight should be."
    assert not abs(w.mean() - 1) < 1e-4, \
        "Scaled so that the mean over the *colours* is 1. A loss is a mean over pixels, and most of them are grey."
    assert abs((p * w).sum() - 1) < 1e-4, (
        f"The mean weight of a pixel should be 1, and is {(p * w).sum():.3f}: otherwise the learning rate changes with "
        "the data.")
    assert abs(w[3] / w[0] - 0.575 / 0.125) < 1e-3, \
        "How much more the rarest counts than the commonest isn't right. With λ = ½ it is (0.45 + 0.125) / 0.125."

# %% hidden 17.6
def hidden(rarity):
    p = torch.tensor([0.7, 0.3])
    assert torch.allclose(rarity(p, 1.0), torch.ones(2)) and torch.allclose(rarity(p, 0.0), 0.5 / p), \
        "all mixed: no weights; nothing mixed: one over the share"

# %% wrong 17.6: infinite weight
def rarity(p, mix=0.5): return (1 / p) / (p * (1 / p)).sum()

# %% wrong 17.6: over the *colours*
def rarity(p, mix=0.5):
    w = 1 / ((1 - mix) * p + mix / len(p))
    return w / w.mean()

# %% [markdown]
# ## 17.7 What a person knows
# Hints: for some pixels (`seen` is 1) a person tells $a$ and $b$. Make the input's three further channels: $a/110$ and $b/110$ where seen, else 0; and a channel that says where a hint *is*.
# Why is the last one needed?

# %% answer 17.7
def hint_channels(ab, seen):
    "`[B, 3, H, W]` from `[B, 2, H, W]` and `[B, 1, H, W]`; the last channel is 1 where there is a hint, else -1."
    ### BEGIN SOLUTION
    return torch.cat([ab / 110 * seen, 2 * seen - 1], 1)
    ### END SOLUTION

# %% check 17.7
def check(hint_channels):
    ab = torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * 100 - 50
    ab[..., 0, 0] = 0
    seen = torch.zeros(2, 1, 4, 4)
    seen[..., 0, :2] = 1
    h = hint_channels(ab, seen)
    assert h.shape == (2, 3, 4, 4), (
        f"Three channels are wanted, [2, 3, 4, 4]; yours {list(h.shape)}. A hint of grey (0, 0) and no hint look alike "
        "without the third.")
    assert not (h[:, :2] * (1 - seen)).any(), \
        "Colours leak out where no hint was given: the network would only have to copy them."
    assert h[:, :2].abs().max() <= 1, "a and b should be divided by 110."
    assert torch.allclose(h[:, :2], ab / 110 * seen), \
        "Where there is a hint, the first two channels are a/110 and b/110."
    assert torch.equal(h[:, 2:], 2 * seen - 1), "The last channel is 1 where there is a hint, and -1 elsewhere."

# %% hidden 17.7
def hidden(hint_channels):
    assert torch.equal(hint_channels(torch.ones(1, 2, 2, 2), torch.zeros(1, 1, 2, 2))[:, 2], -torch.ones(1, 2, 2)), \
        "no hint at all"

# %% wrong 17.7: look alike without the third
def hint_channels(ab, seen): return ab / 110 * seen

# %% wrong 17.7: Colours leak out
def hint_channels(ab, seen): return torch.cat([ab / 110, 2 * seen - 1], 1)

# %% [markdown]
# ## 17.8 How colourful?
# No error notices that an image is lifeless. Write the colourfulness of Hasler and Süsstrunk (2003): with R, G, B in [0, 255], $rg = R - G$ and $yb = (R + G)/2 - B$, it is
# $\sqrt{\sigma_{rg}^2 + \sigma_{yb}^2} + 0.3\sqrt{\mu_{rg}^2 + \mu_{yb}^2}$ (variances by dividing by $N$).

# %% answer 17.8
def how_colourful(x):
    "`[B]` from RGB `[B, 3, H, W]` in [-1, 1]; 0 for grey."
    ### BEGIN SOLUTION
    r, g, b = ((x / 2 + 0.5) * 255).flatten(2).unbind(1)
    rg, yb = r - g, (r + g) / 2 - b
    return (rg.var(1, correction=0) + yb.var(1, correction=0)).sqrt() + 0.3 * (rg.mean(1) ** 2 + yb.mean(1) ** 2).sqrt()
    ### END SOLUTION

# %% check 17.8
def check(how_colourful):
    from recon.metrics import colourfulness

    x = torch.rand(3, 3, 6, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x[1] = x[1] * 0.2 + 0.3 * torch.tensor([1.0, 0, -1]).view(3, 1, 1)
    c, wanted = how_colourful(x), colourfulness(x)
    assert torch.is_tensor(c) and c.shape == (3,), "One number for each image, shape [3]."
    assert how_colourful(torch.full((1, 3, 2, 2), 0.3)).abs().max() < 1e-3, "Grey has no colour: 0."
    assert not torch.allclose(c, wanted / 127.5, rtol=1e-3) and not torch.allclose(c, wanted / 255, rtol=1e-3), \
        "Pixels in [0, 255], please: otherwise your 45 isn't what the paper calls quite colourful."
    even = torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert how_colourful(even) > 1, "A wall of pure red has no variation, but it isn't grey: where is the second term?"
    assert torch.allclose(c, wanted, rtol=1e-3), f"The first image should have {wanted[0]:.1f} and has {c[0]:.1f}."

# %% hidden 17.8
def hidden(how_colourful):
    from recon.metrics import colourfulness

    x = torch.rand(2, 3, 9, 2) * 2 - 1
    assert torch.allclose(how_colourful(x), colourfulness(x), rtol=1e-3), "as in the library"

# %% wrong 17.8: in [0, 255]
def how_colourful(x):
    r, g, b = (x / 2 + 0.5).flatten(2).unbind(1)
    rg, yb = r - g, (r + g) / 2 - b
    return (rg.var(1, correction=0) + yb.var(1, correction=0)).sqrt() + 0.3 * (rg.mean(1) ** 2 + yb.mean(1) ** 2).sqrt()

# %% wrong 17.8: second term
def how_colourful(x):
    r, g, b = ((x / 2 + 0.5) * 255).flatten(2).unbind(1)
    rg, yb = r - g, (r + g) / 2 - b
    return (rg.var(1, correction=0) + yb.var(1, correction=0)).sqrt()

# %%
lab = rgb_to_lab(photos)
mean_colour = lab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:].mean((0, 2, 3), keepdim=True).expand_as(lab[:, 1:])], 1))
exchanged = lab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:].roll(4, 0)], 1))
grey = lab_to_rgb(torch.cat([lab[:, :1], 0 * lab[:, 1:]], 1))
tried = {"original": photos, "grey": grey, "mean colour": mean_colour, "another's colours": exchanged}
_ = show_rows(tried, n=8, width=6)
error = {name: (rgb_to_lab(y)[:, 1:] - lab[:, 1:]).square().sum(1).sqrt().mean().item() for name, y in tried.items()}
life = {name: how_colourful(y).mean().item() for name, y in tried.items()}
for name in tried: print(f"{name:18} distance of the colours {error[name]:5.1f}, colourfulness {life[name]:5.1f}")

# %% [markdown]
# ## 17.9 Which is the best colorizer?
# Look at the images and at the two numbers. Which statements hold? Give the set of letters.
#
# **A** the least colour error means the best colorizer, **B** the error alone favours timid answers, so a second number must stand beside it, **C** colourfulness alone would do:
# the more, the better, **D** a colorizer should be compared with the mean colour and with the colours of a similar image, not with grey alone

# %% answer 17.9
hold = {"B", "D"}  ### SOLUTION

# %% check 17.9
def check(hold):
    assert isinstance(hold, (set, list, tuple)) and len(set(hold)) and set(hold) <= set("ABCD"), \
        "Give a set of letters, such as {\"A\"}."
    assert "C" not in hold, \
        "An image with another one's colours is as colourful as the truth. Confetti would be more so."
    assert "A" not in hold, (
        "Of the answers above, one brown for everything has the least error. It is nobody's idea of a colorizer: where "
        "a colour can't be known, the error is smallest for saying next to nothing.")
    assert len(set(hold)) > 1, "One more holds."

# %% hidden 17.9
def hidden(hold): assert set(hold) == {"B", "D"}, "B and D"

# %% wrong 17.9: Confetti
hold = {"B", "C"}

# %% wrong 17.9: nobody's idea
hold = {"A", "D"}
