# %% [markdown]
# # Exercise 13: the variational autoencoder
# Ten tasks, about an hour and a quarter: write each term of the bound, find the most popular bug there is, and let β rise.

# %%
import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.losses import kl_to_standard_normal
from recon.models.variational_autoencoder import bernoulli_nats, reparameterise
from recon.recipes import build_network, get_recipe

# %% for checks
import math

import torch


def posterior(batch=5, latent=3):
    "Means and log-variances of some codes."
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, latent, generator=generator), torch.randn(batch, latent, generator=generator) - 1

# %% [markdown]
# ## 13.1 Predict: what a shift costs
# A code of **three** numbers; the encoder says $\mu = 1$ and $\sigma = 1$ for each. How many nats does
# $\mathrm{KL}(q\Vert\mathcal N(0, 1))$ charge?

# %% answer 13.1
nats = 3 * 0.5  ### SOLUTION

# %% check 13.1
def check(nats):
    assert nats != 0, "Only μ = 0 with σ = 1 is free."
    assert nats != 0.5, "That is one number's share. The code has three, and nats of independent numbers add up."
    assert nats != 3, "Is there a factor in front of the bracket in the closed form?"
    assert nats == 1.5, "Not yet: put μ = 1, σ = 1 into the closed form for one number, and add up three of them."

# %% hidden 13.1
def hidden(nats): assert nats == 1.5, "1.5 nats"

# %% wrong 13.1: one number's share
nats = 0.5

# %% wrong 13.1: factor in front
nats = 3

# %% [markdown]
# ## 13.2 The divergence
# Write it: nats per image, from means and **log-variances** $\log\sigma^2$, both `[B, D]`.

# %% answer 13.2 (2 points)
def kl(mean, log_variance):
    "KL divergence to the standard normal in nats, `[B]`."
    ### BEGIN SOLUTION
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
    ### END SOLUTION

# %% check 13.2
def check(kl):
    m, v = posterior()
    k = kl(m, v)
    assert torch.is_tensor(k) and k.shape == (5,), \
        f"One number for each image is wanted, shape [5]; yours has the shape {list(getattr(k, 'shape', []))}."
    zero = torch.zeros(1, 2)
    wide = kl(zero, torch.full((1, 2), math.log(4.0)))
    assert abs(kl(zero, zero)) < 1e-6, "The standard normal itself should cost nothing."
    assert (wide > -1e-6).all() and (kl(zero, torch.full((1, 2), -2.0)) > -1e-6).all(), \
        "Yours is negative for a mean of 0 and some width: a divergence never is. Which sign has log σ²?"
    wanted = torch.distributions.kl_divergence(
        torch.distributions.Normal(m, (v / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    )
    assert not torch.allclose(k, wanted.mean(1), atol=1e-4), \
        "You average over the numbers of the code. The divergence is a *sum*: more numbers, more nats."
    assert torch.allclose(k, wanted.sum(1), atol=1e-4), (
        f"The first code should cost {wanted[0].sum():.3f} nats, and costs {k[0]:.3f}. "
        "Is the second argument σ, σ² or log σ²?")

# %% hidden 13.2
def hidden(kl):
    m = torch.zeros(2, 20, requires_grad=True)
    kl(m + 1, torch.zeros(2, 20)).sum().backward()
    assert torch.allclose(m.grad, torch.ones(2, 20)), "the gradient by the mean is the mean"

# %% wrong 13.2: Which sign
def kl(mean, log_variance): return 0.5 * (mean.square() + log_variance.exp() - 1 + log_variance).sum(1)

# %% wrong 13.2: The divergence is a *sum*
def kl(mean, log_variance): return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(1)

# %% wrong 13.2: One number for each image
def kl(mean, log_variance): return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()

# %% [markdown]
# ## 13.3 A draw with a gradient
# Draw one code for each image, so that the gradient reaches mean and log-variance. Random numbers come from `generator`.

# %% answer 13.3
def draw(mean, log_variance, generator):
    "Codes `[B, D]` from the encoder's Gaussians."
    ### BEGIN SOLUTION
    return mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=generator)
    ### END SOLUTION

# %% check 13.3
def check(draw):
    m, v = torch.full((20_000, 1), 2.0, requires_grad=True), torch.full((20_000, 1), math.log(0.25), requires_grad=True)
    z = draw(m, v, torch.Generator().manual_seed(0))
    assert z.requires_grad, (
        "No gradient reaches the encoder. Write the draw as something *computed* from mean and spread, with noise "
        "from outside.")
    assert z.shape == m.shape and z.std() > 0.05, \
        "Every code should get noise of its own, of the same shape as the mean."
    spread = z.std().item()
    assert not abs(spread - 0.25) < 0.02, (
        "The spread is 0.25, and 0.25 is the *variance* here. What is the standard deviation in terms of the "
        "log-variance?")
    assert abs(spread - 0.5) < 0.02 and abs(z.mean().item() - 2) < 0.02, \
        f"Mean 2 and standard deviation 0.5 were asked for; yours are {z.mean().item():.2f} and {spread:.2f}."
    gm, gv = torch.autograd.grad((z**2).sum(), (m, v))
    assert gm.abs().sum() > 0 and gv.abs().sum() > 0, "The gradient must reach both, mean and log-variance."

# %% hidden 13.3
def hidden(draw):
    m, v = posterior()
    one, two = (draw(m, v, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two) and not torch.equal(one, draw(m, v, torch.Generator().manual_seed(4))), \
        "random numbers come from the generator, and only from there"

# %% wrong 13.3: is the *variance* here
def draw(mean, log_variance, generator): return mean + log_variance.exp() * torch.randn(mean.shape, generator=generator)


# %% wrong 13.3: No gradient reaches
def draw(mean, log_variance, generator):
    return torch.normal(mean.detach(), (log_variance.detach() / 2).exp(), generator=generator)


# %% [markdown]
# ## 13.4 A coin for every pixel
# The decoder gives **logits** of white. Write the log-probability of an image in black (-1) and white (1), in nats: one number for each
# image. (`F.binary_cross_entropy_with_logits` or `F.logsigmoid`, never `log(sigmoid(…))`.)

# %% answer 13.4
def image_nats(logits, x):
    "Log-probability of each image, `[B]`; both `[B, 1, H, W]`."
    ### BEGIN SOLUTION
    return -F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="none").sum((1, 2, 3))
    ### END SOLUTION

# %% check 13.4
def check(image_nats):
    from recon.models.variational_autoencoder import bernoulli_nats

    generator = torch.Generator().manual_seed(0)
    x = torch.randint(2, (3, 1, 4, 4), generator=generator) * 2.0 - 1
    logits = torch.randn(3, 1, 4, 4, generator=generator)
    p, wanted = image_nats(logits, x), bernoulli_nats(logits, x)
    assert torch.is_tensor(p) and p.shape == (3,), \
        f"One number for each image is wanted, shape [3]; yours has the shape {list(getattr(p, 'shape', []))}."
    assert (p <= 0).all(), (
        "Log-probabilities of images in black and white are at most 0; yours isn't. (A cross-entropy is the *negative* "
        "of one. And is black 0 or -1 for your formula?)")
    assert not torch.allclose(p, wanted / 16, atol=1e-4), \
        "You average over the pixels. The coins are independent, so their log-probabilities *add up*."
    assert torch.allclose(p, wanted, atol=1e-4), (
        f"The first image should have {wanted[0]:.3f} nats, and has {p[0]:.3f}. Black is -1 here, and the "
        "cross-entropy wants 0.")
    assert image_nats(torch.full((1, 1, 4, 4), -200.0), torch.ones(1, 1, 4, 4)).isfinite().all(), \
        "With a logit of -200 it is infinite: the sigmoid has become 0. Use a function that takes logits."

# %% hidden 13.4
def hidden(image_nats):
    fair = image_nats(torch.zeros(2, 1, 28, 28), torch.ones(2, 1, 28, 28))
    assert torch.allclose(fair, torch.full((2,), -784 * math.log(2)), rtol=1e-5), "784 fair coins"


# %% wrong 13.4: You average over the pixels
def image_nats(logits, x):
    return -F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="none").mean((1, 2, 3))


# %% wrong 13.4: the *negative* of one
def image_nats(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="none").sum((1, 2, 3))


# %% wrong 13.4: infinite
def image_nats(logits, x): return torch.where(x > 0, logits.sigmoid(), 1 - logits.sigmoid()).log().sum((1, 2, 3))

# %% [markdown]
# ## 13.5 Bug museum: the loss that many call ELBO
# This is what many published programs minimise. They see a grey digit for every code. Fix it, so that it returns the **negative ELBO
# in nats, averaged over the images** of the batch. (`kl_to_standard_normal` is the library's, nats for each image.)

# %% answer 13.5 (2 points)
def vae_loss(logits, x, mean, log_variance):
    "What a VAE should minimise: a number. Images are -1 or 1, `[B, 1, H, W]`."
    ### BEGIN SOLUTION
    image = F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="none").sum((1, 2, 3))
    return (image + kl_to_standard_normal(mean, log_variance)).mean()
    ### STUDENT
    #: image = F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5)
    #: return image + kl_to_standard_normal(mean, log_variance).mean()
    ### END SOLUTION

# %% check 13.5
def check(vae_loss):
    from recon.losses import kl_to_standard_normal
    from recon.models.variational_autoencoder import bernoulli_nats

    generator = torch.Generator().manual_seed(0)
    x = torch.randint(2, (5, 1, 6, 6), generator=generator) * 2.0 - 1
    logits = torch.randn(5, 1, 6, 6, generator=generator)
    m, v = posterior()
    image, code = -bernoulli_nats(logits, x), kl_to_standard_normal(m, v)
    loss = float(vae_loss(logits, x, m, v))
    assert not abs(loss - (image.mean() / 36 + code.mean())) < 1e-3, (
        "The image's term is averaged over its pixels, the code's isn't: the code counts too much, by a factor of the "
        "number of pixels. Which reduction has the unit nats?")
    assert not abs(loss - (image + code).sum()) < 1e-2, (
        "Summed over the batch: twice as many images would mean twice the loss, and another learning rate. Average "
        "over the images.")
    assert not abs(loss - (image.mean() / 36 + code.mean() / 36)) < 1e-3, \
        "Both divided by the pixels: the optimum is right now, the unit isn't. Nats, please."
    assert not abs(loss - (image.sum() + code.mean())) < 1e-2, \
        "The image's term is summed over the batch as well, the code's is a mean over it."
    assert abs(loss - (image + code).mean()) < 1e-2, \
        f"{(image + code).mean():.3f} nats are right, and yours is {loss:.3f}."

# %% hidden 13.5
def hidden(vae_loss):
    logits, x = torch.zeros(3, 1, 28, 28), torch.ones(3, 1, 28, 28)
    assert abs(float(vae_loss(logits, x, torch.zeros(3, 2), torch.zeros(3, 2))) - 784 * math.log(2)) < 0.01, \
        "784 fair coins and a free code"

# %% wrong 13.5: summed over the batch as well
def vae_loss(logits, x, mean, log_variance):
    image = F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="sum")
    return image + 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()

# %% wrong 13.5: Summed over the batch
def vae_loss(logits, x, mean, log_variance):
    image = F.binary_cross_entropy_with_logits(logits, x / 2 + 0.5, reduction="sum")
    return image + 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()

# %% [markdown]
# ## 13.6 A better bound
# From `weights` $\log w_i = \log p(x\mid z_i) + \log p(z_i) - \log q(z_i\mid x)$, `[k, B]`, compute the bound of $k$ draws,
# $\log\frac1k\sum_i w_i$, for each image. The numbers are about -90: their exponentials are too small for float32.

# %% answer 13.6
def bound(weights):
    "The importance-weighted bound, `[B]`, from log-weights `[k, B]`."
    ### BEGIN SOLUTION
    return weights.logsumexp(0) - math.log(len(weights))
    ### END SOLUTION

# %% check 13.6
def check(bound):
    w = torch.tensor([[-90.0, -100.0], [-92.0, -101.0], [-95.0, -99.0]])
    b, wanted = bound(w), w.double().logsumexp(0).float() - math.log(3)
    assert torch.is_tensor(b) and b.shape == (2,), \
        "One number for each image, shape [2]: the draws are in the first dimension."
    assert not torch.allclose(b, w.mean(0), atol=1e-3), \
        "That is the mean of the logarithms, the ELBO. The mean belongs *inside* the logarithm."
    assert not torch.allclose(b, wanted + math.log(3), atol=1e-3), \
        "With three equal draws the bound should be that of one; yours is larger by log 3."
    assert torch.allclose(bound(w - 200), wanted - 200, atol=1e-2), (
        "At -290 nats it breaks down: an exponential became zero. There is a function that does log, sum and exp in "
        "one.")
    assert torch.allclose(b, wanted, atol=1e-3), \
        f"{wanted[0]:.3f} is right for the first image, and yours is {b[0]:.3f}."

# %% hidden 13.6
def hidden(bound):
    w = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * 3
    assert (bound(w) > w.mean(0)).all() and torch.allclose(bound(w[:1]), w[0]), "above the ELBO; one draw is the ELBO"

# %% wrong 13.6: *inside* the logarithm
def bound(weights): return weights.mean(0)

# %% wrong 13.6: larger by log 3
def bound(weights): return weights.logsumexp(0)

# %% wrong 13.6: an exponential became zero
def bound(weights): return weights.exp().mean(0).log()

# %% [markdown]
# ## 13.7 How many numbers are used?
# A number of the code is **active** when the encoder's mean for it differs from image to image: the variance of the means over the
# images exceeds 0.01. Count them.

# %% answer 13.7
def active(mean):
    "How many of the `D` numbers are used; `mean` is `[N, D]`."
    ### BEGIN SOLUTION
    return int((mean.var(0) > 0.01).sum())
    ### END SOLUTION

# %% check 13.7
def check(active):
    width, shift = torch.tensor([1, 0.5, 0.2, 0.01, 0.0, 0.0]), torch.tensor([0, 0, 3.0, 2, 1, 0])
    mean = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)) * width + shift
    n = active(mean)
    assert n != 200, "You count images. The variance is to be taken *over* the images, for each number of the code."
    assert n not in (4, 5), (
        "A number that always has the same value, however large, says nothing about the image. Does your measure see "
        "that?")
    assert n == 3, f"Three of these six numbers are active, and you count {n}."

# %% hidden 13.7
def hidden(active): assert active(torch.zeros(10, 4)) == 0 and active(torch.eye(4)) == 4, "none and all"

# %% wrong 13.7: You count images
def active(mean): return int((mean.var(1) > 0.01).sum())

# %% wrong 13.7: always has the same value
def active(mean): return int((mean.square().mean(0) > 0.01).sum())

# %% [markdown]
# ## 13.8 β that rises
# At the beginning the decoder can't use the code yet, and the KL is a price without a benefit. So let its weight rise: from 0 at the
# first step **linearly to 1 at half of all steps**, and stay at 1.

# %% answer 13.8
def beta(step, steps):
    "The weight of the code's nats at a step; `step` runs from 0 to `steps` - 1."
    ### BEGIN SOLUTION
    return min(1.0, 2 * step / steps)
    ### END SOLUTION

# %% check 13.8
def check(beta):
    values = [float(beta(s, 100)) for s in range(100)]
    assert values[0] == 0, f"It should begin with 0, and begins with {values[0]:.2f}."
    assert max(values) <= 1, f"It should never exceed 1: beyond, the sum is no bound; yours reaches {max(values):.2f}."
    assert values[99] == 1, \
        f"At the end it must be 1, otherwise something else than the bound is learned; yours is {values[99]:.2f}."
    assert abs(values[25] - 0.5) < 0.03 and values[50] == 1, \
        f"At a quarter of the steps it should be 0.5, at half 1; yours are {values[25]:.2f} and {values[50]:.2f}."

# %% hidden 13.8
def hidden(beta): assert abs(beta(10, 400) - 0.05) < 1e-6 and beta(399, 400) == 1, "another length"

# %% wrong 13.8: never exceed 1
def beta(step, steps): return 2 * step / steps

# %% wrong 13.8: at half 1
def beta(step, steps): return step / (steps - 1)

# %% [markdown]
# Now the lecture's exercise: the live VAE of section 5, with β = 1 from the start and with yours. It trains both, in some ten seconds.

# %%
train, test = (load_data("digits28", split).stack() for split in ("train", "test"))


def learn(schedule, latent=50, steps=400):
    "A small VAE on binarised digits, with a weight of the code that depends on the step."
    torch.manual_seed(0)
    rng, net = seeded_generator("learn"), build_network(
        get_recipe("dense-digits"), f"vae(latent={latent}, hidden=(128,))"
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(steps):
        x = build_corruption("binarize")(train[torch.randint(len(train), (64,), generator=rng)], rng).image
        mean, log_variance = net.encode(x)
        image = -bernoulli_nats(net.decode(reparameterise(mean, log_variance, rng)), x)
        loss = (image + schedule(step, steps) * kl_to_standard_normal(mean, log_variance)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval().requires_grad_(False)


x = build_corruption("binarize")(test, seeded_generator("test")).image
measured = {}
for name, schedule in (("β = 1", lambda step, steps: 1.0), ("rising β", beta)):
    net = learn(schedule)
    mean, log_variance = net.encode(x)
    elbo = (bernoulli_nats(net.decode(mean), x) - kl_to_standard_normal(mean, log_variance)).mean().item()
    measured[name] = {
        "active": active(mean),
        "code_nats": kl_to_standard_normal(mean, log_variance).mean().item(),
        "bound": elbo,
    }
for name, row in measured.items(): print(f"{name:9}", {k: round(v, 1) for k, v in row.items()})

# %% [markdown]
# ## 13.9 What do you conclude?
# Does the rising β use more numbers of the code, and more nats for it? Answer with `"more"`, `"as many"` or `"fewer"` for the numbers
# (of 50), then `"more"` or `"fewer"` for the nats, from what you **measured**.

# %% answer 13.9
### BEGIN SOLUTION
plain, rising = measured["β = 1"], measured["rising β"]
numbers = "more" if rising["active"] > plain["active"] else "fewer" if rising["active"] < plain["active"] else "as many"
code = "more" if rising["code_nats"] > plain["code_nats"] else "fewer"
### STUDENT
#: numbers, code = ..., ...
### END SOLUTION

# %% check 13.9
def check(numbers, code, measured):
    plain, rising = measured["β = 1"], measured["rising β"]
    assert numbers in ("more", "as many", "fewer") and code in ("more", "fewer"), "Use the words of the task."
    said = (
        "more" if rising["active"] > plain["active"] else "fewer" if rising["active"] < plain["active"] else "as many"
    )
    assert numbers == said, (
        f"You measured {plain['active']} active numbers with β = 1, and {rising['active']} with the rising one. "
        "Believe the measurement, not the expectation.")
    assert code == ("more" if rising["code_nats"] > plain["code_nats"] else "fewer"), (
        f"Numbers and nats aren't the same: the code's nats are {plain['code_nats']:.1f} and "
        f"{rising['code_nats']:.1f}.")

# %% hidden 13.9
def hidden(numbers, code, measured): assert set(measured) == {"β = 1", "rising β"}, "both were trained"

# %% wrong 13.9: Believe the measurement
numbers, code = "fewer", "more"

# %% wrong 13.9: Numbers and nats
numbers, code = "as many", "fewer"

# %% [markdown]
# ## 13.10 Read four logs
# Four trained VAEs; the nats of a test image, given its code, and of the code. Independent pixels alone have 210 nats. Which one has
# **collapsed** (its code says nothing), which is a plain autoencoder that somebody called VAE (its code is unpaid), and which has the
# best bound? Give three letters in this order.

# %%
logs = {"A": (118.0, 24.0), "B": (209.5, 0.02), "C": (96.0, 480.0), "D": (131.0, 16.0)}
for name, (image, code_) in logs.items(): print(f"{name}: image {image:6.1f} nats, code {code_:6.2f} nats")

# %% answer 13.10
letters = "BCA"  ### SOLUTION

# %% check 13.10
def check(letters):
    assert isinstance(letters, str) and len(letters) == 3 and set(letters) <= set("ABCD"), \
        "Three letters, such as \"ABC\"."
    assert letters[0] != "C", \
        "C's code is worth much; nobody made it pay for that. A collapsed one says nothing, and costs nothing."
    assert letters[2] != "C", \
        "C has the smallest error, and the bound is the *sum*: it counts what the code costs, too."
    logs = {"A": (118.0, 24.0), "B": (209.5, 0.02), "C": (96.0, 480.0), "D": (131.0, 16.0)}
    assert letters[0] == min(logs, key=lambda k: logs[k][1]), \
        "A collapsed code says nothing, so it costs nothing: which one is that?"
    assert letters[1] == max(logs, key=lambda k: logs[k][1]), "Whose code was never charged?"
    assert letters[2] == min(logs, key=lambda k: sum(logs[k])), \
        "The bound is the sum of both numbers; fewer nats are better."

# %% hidden 13.10
def hidden(letters): assert letters == "BCA", "B, C, A (118 + 24 = 142 nats against 147)"

# %% wrong 13.10: nobody made it pay
letters = "CBA"

# %% wrong 13.10: the bound is the *sum*
letters = "BCC"
