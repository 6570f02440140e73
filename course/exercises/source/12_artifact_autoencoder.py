# %% [markdown]
# # Exercise 12: the artifact autoencoder
# Eight tasks, about an hour: what may be known about a hole, what can be guessed, and what a number about it means.

# %%
import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.metrics import measure
from recon.recipes import build_network, get_recipe

photos = load_data("photos-tiny", "test", size=32).stack()[:8]

# %% for checks
import torch


def scene():
    "Four colour images and a mask whose hole lies elsewhere in each."
    generator = torch.Generator().manual_seed(0)
    x, mask = torch.rand(4, 3, 16, 16, generator=generator) * 2 - 1, torch.zeros(4, 1, 16, 16)
    for i in range(4): mask[i, :, 3 + i:8 + i, 2 + 2 * i:7 + 2 * i] = 1
    return x, mask

# %% [markdown]
# ## 12.1 A number and its unit
# A paper prints an error of 0.009. It doesn't say whether for the hole (16 × 16 of 32 × 32 pixels) or for the whole image (then all errors
# lie in the hole), nor whether pixels are in [0, 1] or in [-1, 1]. Write what it means **in the hole, in [0, 1]**, in each case.

# %% answer 12.1
def in_the_hole(error, whole, wide):
    "Squared error in the hole, pixels in [0, 1]; `whole`: was it the whole image's? `wide`: were pixels in [-1, 1]?"
    ### BEGIN SOLUTION
    return error * (4 if whole else 1) / (4 if wide else 1)
    ### END SOLUTION

# %% check 12.1
def check(in_the_hole):
    assert in_the_hole(0.009, False, False) == 0.009, "Hole and [0, 1]: nothing is to be converted."
    w = in_the_hole(0.009, True, False)
    assert not abs(w - 0.009 / 4) < 1e-6, \
        "Averaging over three quarters of untouched pixels makes the number *smaller*; so the hole's own is larger."
    assert not abs(w - 0.018) < 1e-6, \
        "16 of 32 pixels, in each of two directions: which share of the *area* is the hole?"
    assert abs(w - 0.036) < 1e-6, (
        f"If all of the image's error lies in the hole, the mean over the hole alone is another one than {w:.4f}. How "
        "many pixels share it?")
    v = in_the_hole(0.009, False, True)
    assert not abs(v - 0.0045) < 1e-6, "Errors halve from [-1, 1] to [0, 1]. And squared errors?"
    assert abs(v - 0.00225) < 1e-6, \
        f"On [-1, 1] all errors are twice as large. What does that make of a squared one? Yours is {v:.5f}."

# %% hidden 12.1
def hidden(in_the_hole): assert abs(in_the_hole(0.009, True, True) - 0.009) < 1e-9, "both: the factors cancel"

# %% wrong 12.1: makes the number *smaller*
def in_the_hole(error, whole, wide): return error / (4 if whole else 1) / (4 if wide else 1)

# %% wrong 12.1: And squared errors
def in_the_hole(error, whole, wide): return error * (4 if whole else 1) / (2 if wide else 1)

# %% wrong 12.1: share of the *area*
def in_the_hole(error, whole, wide): return error * (2 if whole else 1) / (4 if wide else 1)

# %% [markdown]
# ## 12.2 Find the bug: the hole that leaks
# To make its task easier, this program fills the hole with the image's mean colour. The network is surprisingly good at it, and useless on new
# images. What does it see that it must not? Fix it.

# %% answer 12.2 (2 points)
def fill_with_mean(x, mask):
    "The input of the network: the hole (mask 1) filled with the mean colour of what is known, `[B, C, H, W]`."
    ### BEGIN SOLUTION
    known = 1 - mask
    mean = (x * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True)
    return torch.where(mask > 0, mean, x)
    ### STUDENT
    #: mean = x.mean((2, 3), keepdim=True)
    #: return torch.where(mask > 0, mean, x)
    ### END SOLUTION

# %% check 12.2
def check(fill_with_mean):
    x, mask = scene()
    other = torch.where(mask > 0, -x, x)
    a, b = fill_with_mean(x, mask), fill_with_mean(other, mask)
    hole = mask.expand_as(x) > 0
    assert torch.equal(a[~hole], x[~hole]), "Outside the hole nothing should change."
    assert torch.equal(a, b), (
        "Two images that differ *only under the hole* give different inputs: something hidden leaks out. Which pixels "
        "go into the mean?")
    first = torch.stack([x[0, c][mask[0, 0] == 0].mean() for c in range(3)])
    inside = a[0, :, mask[0, 0] > 0].mean(1)
    assert not torch.allclose(inside, first * (mask[0] == 0).float().mean(), atol=1e-5), \
        "You add up the known pixels and divide by *all*: the colour is pulled towards 0."
    assert torch.allclose(inside, first, atol=1e-5), \
        "Each channel of each image should be filled with the mean of its own known pixels."

# %% hidden 12.2
def hidden(fill_with_mean):
    x = torch.full((1, 3, 4, 4), 0.3)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    assert torch.allclose(fill_with_mean(x, mask), x), "an even image stays even"

# %% wrong 12.2: something hidden leaks
def fill_with_mean(x, mask): return torch.where(mask > 0, x.mean((1, 2, 3), keepdim=True), x)

# %% wrong 12.2: divide by *all*
def fill_with_mean(x, mask): return torch.where(mask > 0, (x * (1 - mask)).mean((2, 3), keepdim=True), x)

# %% [markdown]
# ## 12.3 Smooth continuation
# The oldest way to fill a hole: heat spreads from its border. Start with 0 in the hole; again and again give each pixel *of the hole* the mean of
# its four neighbours (beyond the image: the nearest pixel, `F.pad(…, mode="replicate")`).

# %% answer 12.3 (2 points)
def spread_heat(x, mask, rounds=400):
    "Fill holes by averaging neighbours; `[B, C, H, W]`, the mask `[B, 1, H, W]` is 1 in the hole."
    ### BEGIN SOLUTION
    y = torch.where(mask > 0, 0.0, x)
    for _ in range(rounds):
        p = F.pad(y, (1, 1, 1, 1), mode="replicate")
        y = torch.where(mask > 0, (p[..., :-2, 1:-1] + p[..., 2:, 1:-1] + p[..., 1:-1, :-2] + p[..., 1:-1, 2:]) / 4, x)
    return y
    ### END SOLUTION

# %% check 12.3
def check(spread_heat):
    ramp = torch.linspace(-1, 1, 12).expand(1, 1, 12, 12).clone()
    mask = torch.zeros(1, 1, 12, 12)
    mask[..., 3:9, 3:9] = 1
    hidden = torch.where(mask > 0, 0.7, ramp)
    y = spread_heat(hidden, mask)
    assert torch.equal(y[mask == 0], ramp[mask == 0]), "Known pixels have changed: only the hole is warmed."
    assert (
        spread_heat(hidden, mask, 1) - spread_heat(torch.where(mask > 0, -0.7, ramp), mask, 1)
    ).abs().max() < 1e-6, "What stood in the hole before has an influence: begin with 0 there."
    corner = spread_heat(hidden, mask, 1)[0, 0, 3, 3].item()
    assert abs(corner - (ramp[0, 0, 2, 3] + ramp[0, 0, 3, 2]).item() / 4) < 1e-5, \
        "After one round the hole's corner should have the mean of four neighbours: two known ones, two zeros."
    assert (y - ramp).abs().max() < 1e-2, (
        f"An even slope should be continued exactly; yours is off by {(y - ramp).abs().max():.2f}. All rounds done? "
        "Four neighbours, each a quarter?")

# %% hidden 12.3
def hidden(spread_heat):
    x, mask = scene()
    y = spread_heat(x, mask)
    hole = mask.expand_as(x) > 0
    assert y[hole].max() <= x[~hole].max() and y[hole].min() >= x[~hole].min(), "never brighter than its surroundings"

# %% wrong 12.3: only the hole is warmed
def spread_heat(x, mask, rounds=400):
    y = torch.where(mask > 0, 0.0, x)
    for _ in range(rounds):
        p = F.pad(y, (1, 1, 1, 1), mode="replicate")
        y = (p[..., :-2, 1:-1] + p[..., 2:, 1:-1] + p[..., 1:-1, :-2] + p[..., 1:-1, 2:]) / 4
    return y

# %% wrong 12.3: begin with 0
def spread_heat(x, mask, rounds=400):
    y = x
    for _ in range(rounds):
        p = F.pad(y, (1, 1, 1, 1), mode="replicate")
        y = torch.where(mask > 0, (p[..., :-2, 1:-1] + p[..., 2:, 1:-1] + p[..., 1:-1, :-2] + p[..., 1:-1, 2:]) / 4, x)
    return y

# %%
holes, hole = build_corruption("center_hole(size=12)")(photos)
_ = show_rows(
    {"original": photos, "hole": holes, "mean": fill_with_mean(photos, hole), "heat": spread_heat(holes, hole)},
    n=8,
    width=5,
)

# %% [markdown]
# ## 12.4 Put it in the middle
# Write `paste_middle`: the patch in the middle of the image, the rest as it was, and the image that was handed over unchanged.

# %% answer 12.4
def paste_middle(x, patch):
    "A copy of `x` `[B, C, H, W]` with `patch` `[B, C, h, w]` in its middle; H - h and W - w are even."
    ### BEGIN SOLUTION
    y, (top, left) = x.clone(), ((x.shape[-2] - patch.shape[-2]) // 2, (x.shape[-1] - patch.shape[-1]) // 2)
    y[..., top:top + patch.shape[-2], left:left + patch.shape[-1]] = patch
    return y
    ### END SOLUTION

# %% check 12.4
def check(paste_middle):
    x, patch = torch.zeros(2, 3, 10, 16), torch.ones(2, 3, 4, 6)
    y = paste_middle(x, patch)
    assert not x.any(), "The image that was handed over has changed: work on a copy."
    assert y.shape == x.shape, f"The shape should stay [2, 3, 10, 16], and is {list(y.shape)}."
    assert y.sum() == patch.sum(), f"{int(patch[0, 0].sum())} pixels should be replaced, and {int(y[0, 0].sum())} are."
    rows, columns = (y[0, 0].amax(d).nonzero().flatten() for d in (1, 0))
    assert rows[0] + rows[-1] == 9 and columns[0] + columns[-1] == 15, (
        f"Not in the middle: rows {rows[0]} to {rows[-1]} of 10, columns {columns[0]} to {columns[-1]} of 16. The "
        "image needn't be square.")

# %% hidden 12.4
def hidden(paste_middle):
    x, patch = torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 4)
    assert torch.equal(paste_middle(x, patch), patch), "a patch as large as the image"

# %% wrong 12.4: work on a copy
def paste_middle(x, patch):
    t, l = (x.shape[-2] - patch.shape[-2]) // 2, (x.shape[-1] - patch.shape[-1]) // 2
    x[..., t:t + patch.shape[-2], l:l + patch.shape[-1]] = patch
    return x

# %% wrong 12.4: Not in the middle
def paste_middle(x, patch):
    y, b = x.clone(), (x.shape[-2] - patch.shape[-2]) // 2
    y[..., b:b + patch.shape[-2], b:b + patch.shape[-1]] = patch
    return y

# %% [markdown]
# ## 12.5 Predict: three ghosts
# Under a cover lies one of **three** different images, each with the same probability, and nothing tells which. Method A answers with their mean,
# method B with one of the three by lot. What is A's expected squared error divided by B's?

# %% answer 12.5
ratio = 1 / 2  ### SOLUTION

# %% check 12.5
def check(ratio):
    assert 0 < ratio, "Even the mean is wrong: the truth is one of the three."
    assert not abs(ratio - 1 / 3) < 0.01, (
        "B is right once in three times, but how wrong is it otherwise? Count the variance: once for the truth around "
        "the mean, and for B's answer as well.")
    assert ratio < 1, "No answer has less squared error than the mean."
    truths = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    mean = (truths - truths.mean(0)).square().mean()
    lot = (truths[:, None] - truths[None]).square().mean()
    assert abs(ratio - (mean / lot).item()) < 0.01, (
        "Not yet. Try it with the three numbers -1, 0 and 1: mean of the squared error over all pairs of truth and "
        "answer.")

# %% hidden 12.5
def hidden(ratio): assert abs(ratio - 0.5) < 0.01, "one half, for any number of images"

# %% wrong 12.5: how wrong is it otherwise
ratio = 1 / 3

# %% wrong 12.5: less squared error than the mean
ratio = 2

# %% [markdown]
# ## 12.6 What is left?
# Write the measure for the next task: the squared error in the hole after the restoration, **as a share** of that before it (1: nothing was restored).

# %% answer 12.6
def left_inside(restored, corrupted, truth, mask):
    "Share of the hole's squared error that is left, over all images together; a number."
    ### BEGIN SOLUTION
    hole = mask.expand_as(truth) > 0
    return ((restored - truth)[hole].square().sum() / (corrupted - truth)[hole].square().sum()).item()
    ### END SOLUTION

# %% check 12.6
def check(left_inside):
    x, mask = scene()
    corrupted = torch.where(mask > 0, 1.0, x)
    assert abs(float(left_inside(corrupted, corrupted, x, mask)) - 1) < 1e-6, "Nothing restored: 1."
    half = x + (corrupted - x) / 2
    value = float(left_inside(half, corrupted, x, mask))
    assert not abs(value - 0.5) < 1e-4, "Errors that are half as large have *squares* of a quarter."
    assert not value > 1, "Upside down: after the restoration, divided by before."
    assert abs(value - 0.25) < 1e-4, f"Errors half as large: 0.25 of the squared error is left; yours is {value:.3f}."
    outside = half + 0.3 * (1 - mask)
    assert abs(float(left_inside(outside, corrupted, x, mask)) - 0.25) < 1e-4, \
        "What was changed *outside* the hole is another question; only the hole counts here."

# %% hidden 12.6
def hidden(left_inside):
    x, mask = scene()
    assert left_inside(x, torch.where(mask > 0, 1.0, x), x, mask) == 0, "all restored"


# %% wrong 12.6: *outside* the hole
def left_inside(restored, corrupted, truth, mask):
    return ((restored - truth).square().sum() / (corrupted - truth).square().sum()).item()


# %% wrong 12.6: squares* of a quarter
def left_inside(restored, corrupted, truth, mask):
    hole = mask.expand_as(truth) > 0
    return ((restored - truth)[hole].abs().sum() / (corrupted - truth)[hole].abs().sum()).item()

# %% [markdown]
# ## 12.7 Small rectangles, large rectangles
# The lecture's exercise: the little network learns on rectangles of **3** pixels only, and is then given some of 3 to 11. *Before* you run the cell
# below: what share of the error will it leave at 9 pixels? Write down a guess between 0 and 1; it isn't graded how good it is.

# %% answer 12.7
guess_at_9 = 0.6  ### SOLUTION

# %% check 12.7
def check(guess_at_9):
    assert isinstance(guess_at_9, (int, float)), "A number, please."
    assert guess_at_9 <= 1.5, "In per cent? A share is wanted: 1 means that nothing was restored."
    assert guess_at_9 > 0, "Nothing left at all, of something it has never seen? Guess again."

# %% hidden 12.7
def hidden(guess_at_9): assert 0 < guess_at_9 <= 1.5, "any guess"

# %% wrong 12.7: In per cent
guess_at_9 = 60

# %% wrong 12.7: Guess again
guess_at_9 = 0

# %%
train, test = (load_data("digits28", split).stack() for split in ("train", "test"))
torch.manual_seed(0)
rng, net = seeded_generator("by hand"), build_network(
    get_recipe("artifact-mnist"), "conv_denoiser(width=12, blocks=2)"
)
optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
small = build_corruption("rectangle(size=3)")
for step in range(250):
    x = train[torch.randint(len(train), (32,), generator=rng)]
    loss = (net(small(x, rng).image) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
net.eval().requires_grad_(False)
shares, shown = {}, {}
for size in (3, 5, 7, 9, 11):
    corrupted, mask = build_corruption(f"rectangle(size={size})")(test, seeded_generator("test", size))
    restored = net(corrupted)
    shares[size] = left_inside(restored, corrupted, test, mask)
    if size in (3, 9): shown[f"{size} pixels"], shown[f"{size} →"] = corrupted, restored
_ = show_rows({"original": test, **shown}, n=10, width=6)
print(
    "share of the error that is left:",
    {k: f"{v:.0%}" for k, v in shares.items()},
    f"your guess for 9: {guess_at_9:.0%}",
)

# %% [markdown]
# ## 12.8 What does it leave, and why?
# Look at the images and at the shares. Choose the best explanation: **A** it has too few parameters for large rectangles, **B** in the middle of a large
# rectangle there is nothing but white, and a white area of that size was never a corruption in its training: it eats the border and takes the
# rest for a stroke, **C** it was trained for too few steps. Then name an experiment that tells B from C: **1** train ten times as long on 3 pixels,
# **2** train equally long on 3 to 9 pixels. (Give the letter, and the number of the one experiment that would refute B if large rectangles
# vanished.)

# %% answer 12.8
### BEGIN SOLUTION
reason, experiment = "B", 1
### STUDENT
#: reason, experiment = ..., ...
### END SOLUTION

# %% check 12.8
def check(reason, experiment, shares):
    assert reason in ("A", "B", "C") and experiment in (1, 2), "A letter and a number, please."
    assert shares[9] > 2 * shares[3], \
        "Run the cell above first; small rectangles should be restored well, and large ones badly."
    assert reason != "A", "The very same network, trained on 5 to 9 pixels, removes them in the lecture."
    assert reason != "C", f"It has learned its task: at 3 pixels {shares[3]:.0%} are left. What is different at 9?"
    assert experiment != 2, \
        "Other training data should help under B *and* under C; so this experiment tells nothing apart."

# %% hidden 12.8
def hidden(reason, experiment, shares): assert (reason, experiment) == ("B", 1), "B, 1"

# %% wrong 12.8: It has learned its task
reason, experiment = "C", 1

# %% wrong 12.8: tells nothing apart
reason, experiment = "B", 2

# %% wrong 12.8: The very same network
reason, experiment = "A", 1
