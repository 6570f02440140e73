# %% [markdown]
# # Exercise 11: the denoising autoencoder
# Eight tasks, about an hour: the best possible answer to a noisy pixel, three ways to fool oneself, and the lecture's curve in weaker noise.

# %%
import math
from dataclasses import replace

import torch
from torch.nn import functional as F

from recon.benchmark import show_rows, train_or_load
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.metrics import measure
from recon.recipes import build_network, get_recipe

# %% for checks
import torch

# %% [markdown]
# ## 11.1 Predict: what copying costs
# Noise of $\sigma = 0.25$ (as papers give it, on the scale [0, 1]), not clipped. A network that copies its input: what is its mean squared error,
# with pixels in **[-1, 1]**, where the training loss is computed?

# %% answer 11.1
copying = (2 * 0.25) ** 2  ### SOLUTION

# %% check 11.1
def check(copying):
    assert not abs(copying - 0.0625) < 1e-4, "That is σ², the error on [0, 1]. The other range is twice as wide."
    assert not abs(copying - 0.125) < 1e-4, "The noise is twice as wide on [-1, 1]; and its *square*?"
    assert not abs(copying - 0.5) < 1e-4, "That is the noise's standard deviation there. A squared error is asked for."
    assert abs(copying - 0.25) < 1e-4, \
        "Not yet. Which standard deviation has the noise on [-1, 1]? The error of copying is its square."

# %% hidden 11.1
def hidden(copying): assert copying == 0.25, "(2 · 0.25)² = 0.25"

# %% wrong 11.1: the error on [0, 1]
copying = 0.0625

# %% wrong 11.1: and its *square*
copying = 0.125

# %% [markdown]
# ## 11.2 The best answer to one pixel
# A pixel is white (1) with probability `white`, else black (0). You see $y = x + \sigma n$. Write the answer with the least squared error,
# $\mathbb E[x\mid y]$, for a tensor of $y$. (Bayes: compare `white` times the density of $y$ around 1 with 1 - `white` times that around 0.)

# %% answer 11.2 (2 points)
def best_answer(y, sigma, white=0.5):
    "The posterior mean of a pixel that is 0 or 1."
    ### BEGIN SOLUTION
    odds = math.log(white / (1 - white)) + (2 * y - 1) / (2 * sigma**2)
    return torch.sigmoid(odds)
    ### END SOLUTION

# %% check 11.2
def check(best_answer):
    y = torch.tensor([-0.5, 0.2, 0.5, 0.8, 1.5])
    def bayes(y, sigma, white):
        normal = lambda m: torch.distributions.Normal(m, sigma).log_prob(y).exp()
        return white * normal(1.0) / (white * normal(1.0) + (1 - white) * normal(0.0))
    b = best_answer(y, 0.5)
    assert torch.is_tensor(b) and b.shape == y.shape, "One answer for each y, a tensor of the same shape."
    assert not set(b.tolist()) <= {0.0, 1.0}, (
        "Black or white: that answer is most often right, but in squared error it pays for every mistake in full. "
        "Where there is doubt the mean is grey.")
    assert abs(b[2].item() - 0.5) < 1e-4, \
        f"Exactly between black and white, both equally likely: ½; yours is {b[2].item():.2f}."
    wanted = bayes(y, 0.5, 0.5)
    assert not torch.allclose(b, torch.sigmoid((2 * y - 1) / (2 * 0.5)), atol=1e-3), \
        "In the exponent stands the *variance*, σ²."
    assert torch.allclose(b, wanted, atol=1e-3), (
        f"At y = 0.8 with σ = 0.5 it should be {wanted[3]:.3f}, and is {b[3]:.3f}. Factors of 2 in the exponent of a "
        "normal distribution?")
    assert torch.allclose(best_answer(y, 0.5, 0.9), bayes(y, 0.5, 0.9), atol=1e-3), (
        "Right for equal probabilities; with nine white pixels in ten the answer should lean to white. Where does "
        "`white` go?")

# %% hidden 11.2
def hidden(best_answer):
    assert best_answer(torch.tensor([-60.0, 60.0]), 0.1).tolist() == [0, 1], \
        "also where both densities are 0 in float32"

# %% wrong 11.2: in full
def best_answer(y, sigma, white=0.5): return (y > 0.5).float()

# %% wrong 11.2: the *variance*
def best_answer(y, sigma, white=0.5): return torch.sigmoid(math.log(white / (1 - white)) + (2 * y - 1) / (2 * sigma))

# %% wrong 11.2: Where does `white` go
def best_answer(y, sigma, white=0.5): return torch.sigmoid((2 * y - 1) / (2 * sigma**2))

# %% [markdown]
# ## 11.3 The best that is linear, for one pixel
# Of a pixel one knows its mean $m$ and variance $v$ over all images. The best linear answer to $y = x + \sigma n$ moves $y$ towards the mean:
# $m + a\,(y - m)$. Return the $a$ with the least squared error.

# %% answer 11.3
def shrink(v, sigma):
    "How much of the deviation from the mean to believe, between 0 and 1."
    ### BEGIN SOLUTION
    return v / (v + sigma**2)
    ### END SOLUTION

# %% check 11.3
def check(shrink):
    assert abs(shrink(1.0, 0.0) - 1) < 1e-9, "Without noise, believe y."
    assert shrink(0.01, 5.0) < 0.1, "With much noise, believe the mean: a goes to 0."
    assert not abs(shrink(1.0, 0.5) - 1 / 1.5) < 1e-6, "Two *variances* are compared; σ is a standard deviation."
    assert abs(shrink(1.0, 0.5) - 0.8) < 1e-6, \
        f"With a variance of 1 and σ = 0.5, a is 0.8; yours is {shrink(1.0, 0.5):.3f}. Minimise (1 - a)²v + a²σ²."

# %% hidden 11.3
def hidden(shrink):
    assert abs(shrink(0.25, 0.5) - 0.5) < 1e-9 and shrink(0.0, 1.0) == 0, \
        "equal variances: one half; a pixel that never changes: the mean"

# %% wrong 11.3: Two *variances*
def shrink(v, sigma): return v / (v + sigma)

# %% wrong 11.3: Without noise, believe y
def shrink(v, sigma): return sigma**2 / (v + sigma**2)

# %% [markdown]
# ## 11.4 Find the bug: noise that can be learned by heart
# This program makes the pairs that a denoiser is trained on. Its training error falls to nearly nothing, and on test images it is useless. Two bugs;
# fix them. It should give `(input, goal)` for each batch, with noise of standard deviation `sigma`.

# %% answer 11.4 (2 points)
def pairs(x, sigma, batch, steps, generator):
    "Batches for the training of a denoiser, as a list of (input, goal); `x` are clean images `[N, 1, H, W]`."
    ### BEGIN SOLUTION
    made = []
    for _ in range(steps):
        clean = x[torch.randint(len(x), (batch,), generator=generator)]
        made.append((clean + sigma * torch.randn(clean.shape, generator=generator), clean))
    return made
    ### STUDENT
    #: noisy = x + sigma * torch.randn(x.shape, generator=generator)
    #: made = []
    #: for _ in range(steps):
    #:     pick = torch.randint(len(x), (batch,), generator=generator)
    #:     made.append((noisy[pick], noisy[pick]))
    #: return made
    ### END SOLUTION

# %% check 11.4
def check(pairs):
    x = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 1, 8, 8).contiguous()
    made = pairs(x, 0.1, 20, 12, torch.Generator().manual_seed(0))
    assert len(made) == 12 and made[0][0].shape == (20, 1, 8, 8), "12 batches of 20 images were asked for."
    assert all(torch.equal(goal, goal.round()) for _, goal in made), \
        "The goal is noisy: a network that copies is perfect. What should it give back?"
    noise = torch.cat([a - b for a, b in made])
    assert abs(noise.std().item() - 0.1) < 0.01, \
        f"The inputs' noise should have a standard deviation of 0.1; it has {noise.std().item():.3f}."
    different = len({tuple((1e4 * n.flatten()[:4]).round().tolist()) for n in noise})
    assert different > 200, \
        f"240 inputs, and only {different} different noises: drawn once for each image, and then learned by heart."

# %% hidden 11.4
def hidden(pairs):
    x = torch.zeros(5, 1, 2, 2)
    a, b = (pairs(x, 1.0, 2, 2, torch.Generator().manual_seed(s)) for s in (0, 0))
    assert torch.equal(a[1][0], b[1][0]), "one seed, one noise"

# %% wrong 11.4: learned by heart
def pairs(x, sigma, batch, steps, generator):
    noisy, made = x + sigma * torch.randn(x.shape, generator=generator), []
    for _ in range(steps):
        pick = torch.randint(len(x), (batch,), generator=generator)
        made.append((noisy[pick], x[pick]))
    return made

# %% wrong 11.4: a network that copies is perfect
def pairs(x, sigma, batch, steps, generator):
    made = []
    for _ in range(steps):
        clean = x[torch.randint(len(x), (batch,), generator=generator)]
        noisy = clean + sigma * torch.randn(batch, *x.shape[1:], generator=generator)
        made.append((noisy, noisy))
    return made

# %% [markdown]
# ## 11.5 How strong is the noise?
# One network for all strengths has to estimate the strength first. By hand (Donoho and Johnstone 1994): in each 2 × 2 square take
# $d = (a - b - c + e)/2$ (upper left minus the two others plus lower right). Smooth images give hardly any $d$, the noise gives $d$ with its own
# standard deviation. Edges are few, so take the **median** of $|d|$ and divide it by 0.6745.

# %% answer 11.5
def estimate(y):
    "The standard deviation of the noise in images `[B, 1, H, W]` (even sides), one number for all."
    ### BEGIN SOLUTION
    d = (y[..., ::2, ::2] - y[..., ::2, 1::2] - y[..., 1::2, ::2] + y[..., 1::2, 1::2]) / 2
    return (d.abs().median() / 0.6745).item()
    ### END SOLUTION

# %% check 11.5
def check(estimate):
    generator = torch.Generator().manual_seed(0)
    noise = 0.3 * torch.randn(20, 1, 32, 32, generator=generator)
    edges = torch.zeros(20, 1, 32, 32)
    edges[:, :, 11:, 7:] = 3
    edges[:, :, 3, 5::9] = 5
    pure = float(estimate(noise))
    assert not abs(pure - 0.6) < 0.03, \
        "Twice too much: four values of equal variance, divided by 2, have that variance again."
    assert not abs(pure - 0.3 * 0.6745) < 0.01, \
        "Two thirds of it: half of all |d| are smaller than 0.6745 standard deviations, so divide."
    assert abs(pure - 0.3) < 0.02, f"Pure noise of 0.3 is estimated as {pure:.3f}."
    busy = float(estimate(noise + edges))
    assert abs(busy - 0.3) < 0.05, (
        f"With a few edges in the image the estimate becomes {busy:.3f}. A mean (or a standard deviation) is carried "
        "away by few large values; a median isn't.")

# %% hidden 11.5
def hidden(estimate): assert estimate(torch.full((1, 1, 8, 8), 0.7)) == 0, "an even image has no noise"


# %% wrong 11.5: carried away
def estimate(y):
    return ((y[..., ::2, ::2] - y[..., ::2, 1::2] - y[..., 1::2, ::2] + y[..., 1::2, 1::2]) / 2).std().item()


# %% wrong 11.5: so divide
def estimate(y):
    return ((y[..., ::2, ::2] - y[..., ::2, 1::2] - y[..., 1::2, ::2] + y[..., 1::2, 1::2]) / 2).abs().median().item()


# %%
clothes = train_or_load("denoising-fashion").examples()
for sigma in (0.05, 0.2):
    noise = sigma * torch.randn(clothes.shape, generator=seeded_generator("clothes"))
    print(f"σ = {sigma}: estimated {estimate(clothes / 2 + noise):.3f}")

# %% [markdown]
# ## 11.6 Predict: where is the minimum?
# The lecture's exercise. In section 5 autoencoders with codes of 4 to 784 numbers were trained on **clean** digits and tested on noisy ones with σ = 0.5;
# the best of them had few numbers. The same networks are tested with **σ = 0.2** now. Which width will be best? Choose from 4, 8, 16, 32, 64, 128,
# 256, 784 before you run the cell below; the check only looks whether it is a width. (Less noise: does one have to be more or less strict?)

# %% answer 11.6
predicted = 32  ### SOLUTION

# %% check 11.6
def check(predicted):
    assert predicted in (4, 8, 16, 32, 64, 128, 256, 784), "Choose one of the widths."
    assert predicted != 4, (
        "With 4 numbers even a clean digit comes back as another one; that doesn't depend on the noise, and is worth "
        "more when there is less of it.")

# %% hidden 11.6
def hidden(predicted): assert predicted in (8, 16, 32, 64, 128, 256, 784), "any width but the narrowest"

# %% wrong 11.6: Choose one of the widths
predicted = 100

# %% wrong 11.6: doesn't depend on the noise
predicted = 4

# %%
train, test = (load_data("digits28", split).stack() for split in ("train", "test"))
latents = (4, 8, 16, 32, 64, 128, 256, 784)


def learn(latent, steps=160):
    "A plain autoencoder, trained on clean digits."
    torch.manual_seed(0)
    rng, net = seeded_generator("learn", latent), build_network(
        replace(get_recipe("denoising-mnist-dense"), network=f"dense_autoencoder(latent={latent}, hidden=(256,))")
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(steps):
        x = train[torch.randint(len(train), (64,), generator=rng)]
        loss = (net(x) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval().requires_grad_(False)


nets = {n: learn(n) for n in latents}
curves = {}
for sigma in (0.2, 0.5):
    seen = build_corruption(f"gaussian_noise(sigma={sigma})")(test, seeded_generator("test")).image
    curves[sigma] = {n: measure(net(seen), test)["mse"] for n, net in nets.items()}
    print(f"σ = {sigma}:", {n: round(v, 4) for n, v in curves[sigma].items()})
print("you predicted", predicted)

# %% [markdown]
# ## 11.7 Read the curves
# Which width is best at σ = 0.2, which at σ = 0.5? And how large is the penalty at σ = 0.2 for the widest code, its error divided by the best width's? (At
# σ = 0.5 it is nearly one and a half.) Compute all three from `curves`.

# %% answer 11.7
### BEGIN SOLUTION
best_weak, best_strong = (min(curves[s], key=curves[s].get) for s in (0.2, 0.5))
penalty = curves[0.2][784] / curves[0.2][best_weak]
### STUDENT
#: best_weak, best_strong = ..., ...
#: penalty = ...
### END SOLUTION

# %% check 11.7
def check(best_weak, best_strong, penalty, curves):
    weak, strong = (min(curves[s], key=curves[s].get) for s in (0.2, 0.5))
    assert best_weak in curves[0.2] and best_strong in curves[0.5], \
        "The *width* is asked for (the key of the dictionary), not its error."
    assert (best_weak, best_strong) != (strong, weak) or weak == strong, "Exchanged: which is the curve for weak noise?"
    assert best_weak == weak and best_strong == strong, "These widths don't have the least errors."
    assert penalty >= 1, "Upside down: the widest code's error, divided by the best one's."
    assert abs(penalty - curves[0.2][784] / curves[0.2][weak]) < 1e-6, \
        "At σ = 0.2: the widest code's error, divided by the best width's."

# %% hidden 11.7
def hidden(best_weak, best_strong, penalty, curves):
    assert penalty < curves[0.5][784] / min(curves[0.5].values()), \
        "the weaker the noise, the less a wide code costs: the bend nearly vanishes"

# %% wrong 11.7: not its error
best_weak, best_strong, penalty = min(curves[0.2].values()), min(curves[0.5].values()), 1.5

# %% wrong 11.7: Upside down
best_weak, best_strong = (min(curves[s], key=curves[s].get) for s in (0.2, 0.5))
penalty = curves[0.2][best_weak] / curves[0.2][784]

# %% [markdown]
# ## 11.8 Design: is it honest?
# You test a denoiser on photographs from a telephone. Which two of these plans tell how well it removes *real* noise? Give a set of two letters.
#
# **A** add Gaussian noise of σ = 0.1 to a telephone's images and remove it, **B** photograph a still scene 50 times, take the mean of 50 as the truth and
# denoise a single one, **C** denoise a noisy image and ask whether people like it better, **D** photograph the same scene with a long exposure on a
# tripod, as the truth for a short one, **E** compute the PSNR between the noisy image and the denoised one

# %% answer 11.8
plans = {"B", "D"}  ### SOLUTION

# %% check 11.8
def check(plans):
    assert isinstance(plans, (set, list, tuple)) and len(set(plans)) == 2 and set(plans) <= set("ABCDE"), \
        "Give two letters, such as {\"A\", \"B\"}."
    assert "E" not in plans, "E is largest for a filter that does nothing. What should the result be compared with?"
    assert "A" not in plans, (
        "A measures Gaussian noise, which telephones don't have: theirs depends on the brightness, and has been "
        "through a filter and JPEG.")
    assert "C" not in plans, "People like smooth skin that isn't the person's. C measures taste, not truth."

# %% hidden 11.8
def hidden(plans): assert set(plans) == {"B", "D"}, "B and D"

# %% wrong 11.8: does nothing
plans = {"B", "E"}

# %% wrong 11.8: telephones don't have
plans = {"A", "D"}
