# %% [markdown]
# # Exercise 14: why GANs fail
# Twelve tasks, about an hour and a half: write the game, watch it spiral, hunt on the ring, and fix a published program.

# %%
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import train_or_load
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.layers import mlp
from recon.losses import discriminator_loss, generator_loss
from recon.training import read_log

# %% for checks
import math

import numpy as np
import torch
from torch import nn


def players(seed=0):
    "A tiny generator and discriminator with optimisers of their own, two batches, and a copy of all weights."
    torch.manual_seed(seed)
    g, d = nn.Linear(3, 3), nn.Linear(3, 1)
    return g, d, torch.randn(8, 3), torch.randn(8, 3) + 2

# %% [markdown]
# ## 14.1 Predict: the loss of someone who knows nothing
# A discriminator says "½" of every image, real or made. What is its loss $-\log D(x) - \log(1 - D(G(z)))$? (A number, natural logarithm.)

# %% answer 14.1
clueless = 2 * math.log(2)  ### SOLUTION

# %% check 14.1
def check(clueless):
    assert not abs(clueless - math.log(2)) < 0.01, \
        "That is one of the two terms. It is asked about a real image *and* about a made one."
    assert not clueless < 0, "The logarithm of ½ is negative, and there is a minus in front of it."
    assert not abs(clueless - 2) < 0.01, "2 would be in bits. Natural logarithms, please."
    assert abs(clueless - 2 * math.log(2)) < 0.01, "Not yet: put ½ into both logarithms."

# %% hidden 14.1
def hidden(clueless):
    assert 1.38 < clueless < 1.39, "2 log 2 = 1.386: remember it, a discriminator's loss above it is worse than a coin"

# %% wrong 14.1: one of the two terms
clueless = 0.693

# %% wrong 14.1: a minus in front
clueless = -1.386

# %% [markdown]
# ## 14.2 The losses of both
# Write them with **logits** $s$, $D = \operatorname{sigmoid}(s)$, and such that a discriminator that is far too sure ($s = \pm 1000$) still
# gives finite numbers: `F.softplus(s)` is $\log(1 + e^s)$. The generator takes the non-saturating form.

# %% answer 14.2 (2 points)
def d_loss(real, fake):
    "What the discriminator minimises; logits of any shape."
    ### BEGIN SOLUTION
    return F.softplus(-real).mean() + F.softplus(fake).mean()
    ### END SOLUTION


def g_loss(fake):
    "What the generator minimises, the non-saturating form."
    ### BEGIN SOLUTION
    return F.softplus(-fake).mean()
    ### END SOLUTION

# %% check 14.2
def check(d_loss, g_loss):
    zero, one = torch.zeros(4, 1), torch.ones(4, 1)
    assert abs(float(d_loss(zero, zero)) - 2 * math.log(2)) < 1e-3, \
        f"With logits of 0 the discriminator's loss is 2 log 2, and yours is {float(d_loss(zero, zero)):.3f}."
    assert d_loss(one, -one) < d_loss(-one, one), (
        "A discriminator that is *right* (real above 0, made below) should have the smaller loss. Yours is punished "
        "for it.")
    assert torch.isfinite(d_loss(-1000 * one, 1000 * one)) and torch.isfinite(g_loss(-1000 * one)), \
        "At logits of 1000 it is infinite or NaN: the sigmoid became exactly 0 or 1 before the logarithm."
    assert g_loss(one) < g_loss(-one), \
        "The generator wants to be believed: the larger the logit of its image, the smaller its loss."
    s = torch.tensor(-6.0, requires_grad=True)
    slope = torch.autograd.grad(g_loss(s[None]), s)[0].abs().item()
    assert slope > 0.9, (
        f"Where the discriminator sees through an image (logit -6), the gradient is only {slope:.4f}: that is the "
        "original, saturating loss. Which form pulls hardest there?")

# %% hidden 14.2
def hidden(d_loss, g_loss):
    from recon.losses import discriminator_loss, generator_loss

    r, f = torch.randn(2, 20, generator=torch.Generator().manual_seed(0))
    assert torch.isclose(d_loss(r, f), discriminator_loss(r, f)), "as in the library"
    assert torch.isclose(g_loss(f), generator_loss(f)), "as in the library"

# %% wrong 14.2: exactly 0 or 1
def d_loss(real, fake): return -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()
def g_loss(fake): return -fake.sigmoid().log().mean()

# %% wrong 14.2: saturating loss
def d_loss(real, fake): return F.softplus(-real).mean() + F.softplus(fake).mean()
def g_loss(fake): return -F.softplus(fake).mean()

# %% wrong 14.2: punished for it
def d_loss(real, fake): return F.softplus(real).mean() + F.softplus(-fake).mean()
def g_loss(fake): return F.softplus(-fake).mean()

# %% [markdown]
# ## 14.3 The best discriminator
# Real points are $\mathcal N(0, 1)$, made points $\mathcal N(\theta, 1)$. Which **logit** does the best possible discriminator give at $x$?
# ($D^* = p/(p+q)$; the logit is $\log D^* - \log(1 - D^*)$.)

# %% answer 14.3
def best_logit(x, theta):
    "The logit of p / (p + q) at x."
    ### BEGIN SOLUTION
    return theta * (theta / 2 - x)
    ### END SOLUTION

# %% check 14.3
def check(best_logit):
    x = torch.tensor([-1.0, 0.0, 0.7, 2.0, 3.0])
    s = best_logit(x, 2.0)
    p, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(2.0, 1.0)
    wanted = p.log_prob(x) - q.log_prob(x)
    assert not torch.allclose(s, -wanted, atol=1e-3), \
        "At x = -1, far from the made points, yours says \"made\". Real is p, and p comes first."
    assert not torch.allclose(s, wanted.sigmoid(), atol=1e-3), \
        "That is D* itself, between 0 and 1. Its logit is asked for."
    assert torch.allclose(s, wanted, atol=1e-3), (
        f"In the middle between the two distributions the logit should be 0, at x = 0 {wanted[1]:.1f}; yours is "
        f"{float(s[1]):.2f} there. Take the logarithm of p/q.")
    assert torch.isfinite(best_logit(torch.tensor([-60.0]), 2.0)).all(), \
        "Far out both densities are 0 in float32. Simplify log p - log q on paper first."

# %% hidden 14.3
def hidden(best_logit):
    assert abs(float(best_logit(torch.tensor(1.0), 0.0))) < 1e-6, "equal distributions: nobody can tell"

# %% wrong 14.3: p comes first
def best_logit(x, theta): return theta * (x - theta / 2)

# %% wrong 14.3: That is D* itself
def best_logit(x, theta): return torch.sigmoid(theta * (theta / 2 - x))

# %% [markdown]
# ## 14.4 The smallest game, one after the other
# $\min_x\max_y\,xy$ with steps of $\eta$. **Alternating**: first $x \leftarrow x - \eta y$, then $y \leftarrow y + \eta x$ with the *new* $x$. Write
# the two moves as one matrix that takes $(x, y)$ to the new $(x, y)$.

# %% answer 14.4
def alternating(eta):
    "The matrix of one round, a NumPy array of 2 × 2."
    ### BEGIN SOLUTION
    return np.array([[1, -eta], [eta, 1 - eta**2]])
    ### END SOLUTION

# %% check 14.4
def check(alternating):
    m = np.asarray(alternating(0.5), dtype=float)
    assert m.shape == (2, 2), "A matrix of 2 × 2 is wanted."
    x, y = m @ [1.0, 2.0]
    assert abs(x - 0.0) < 1e-9, f"From (1, 2) with η = 0.5, x goes down by 0.5 · 2 to 0; yours goes to {x:.2f}."
    assert not abs(y - 2.5) < 1e-9, \
        "Your y moves by the *old* x: that is the simultaneous game, the one that spirals out."
    assert abs(y - 2.0) < 1e-9, \
        f"From (1, 2), y moves by 0.5 times the new x, which is 0, so it stays 2; yours goes to {y:.2f}."

# %% hidden 14.4
def hidden(alternating):
    assert abs(abs(np.linalg.eigvals(alternating(0.3))).max() - 1) < 1e-9, "it circles for ever"

# %% wrong 14.4: by the *old* x
def alternating(eta): return np.array([[1, -eta], [eta, 1]])

# %% wrong 14.4: x goes down
def alternating(eta): return np.array([[1, eta], [-eta, 1 - eta**2]])

# %%
print(
    "largest eigenvalue:",
    {eta: round(float(abs(np.linalg.eigvals(alternating(eta))).max()), 4) for eta in (0.1, 0.5, 1.0)},
)

# %% [markdown]
# ## 14.5 Bug museum: never frozen
# In a published program the generator's move also trains the discriminator, towards being fooled. Here is its round in our words. Fix
# it: after `move_discriminator` only the discriminator has moved, after `move_generator` only the generator.

# %% answer 14.5 (2 points)
def move_discriminator(g, d, optimizer, real, z):
    "One step of the discriminator; its optimizer holds its weights only."
    ### BEGIN SOLUTION
    optimizer.zero_grad()
    discriminator_loss(d(real), d(g(z).detach())).backward()
    optimizer.step()
    return d
    ### STUDENT
    #: optimizer.zero_grad()
    #: discriminator_loss(d(real), d(g(z))).backward()
    #: optimizer.step()
    #: return d
    ### END SOLUTION


def make_generator_optimizer(g, d):
    "The optimizer of the generator's move."
    ### BEGIN SOLUTION
    return torch.optim.SGD(g.parameters(), 0.1)
    ### STUDENT
    #: return torch.optim.SGD([*g.parameters(), *d.parameters()], 0.1)
    ### END SOLUTION


def move_generator(g, d, optimizer, z):
    "One step of the generator."
    optimizer.zero_grad()
    generator_loss(d(g(z))).backward()
    optimizer.step()
    return g

# %% check 14.5
def check(move_discriminator, make_generator_optimizer, move_generator):
    g, d, z, real = players()
    before, optimizer_d = d.weight.clone(), torch.optim.SGD(d.parameters(), 0.1)
    optimizer = make_generator_optimizer(g, d)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert id(g.weight) in held, "The generator's optimizer should hold the generator's weights."
    assert not held & {id(p) for p in d.parameters()}, (
        "The generator's optimizer holds the discriminator's weights too: with each move it makes its own critic "
        "easier to fool.")
    move_discriminator(g, d, optimizer_d, real, z)
    assert not torch.equal(d.weight, before), \
        "The discriminator hasn't moved in its own turn: a discriminator frozen for good never learns."
    assert all(p.grad is None or not p.grad.any() for p in g.parameters()), (
        "In the discriminator's turn gradients were computed for the generator too. Nothing moves wrongly yet, but "
        "half of the work is wasted, and whoever forgets a zero_grad is trained backwards. Cut the graph.")
    after, maker = d.weight.clone(), g.weight.clone()
    move_generator(g, d, optimizer, z)
    assert torch.equal(d.weight, after) and not torch.equal(g.weight, maker), \
        "In the generator's turn the generator moves, and only it."

# %% hidden 14.5
def hidden(move_discriminator, make_generator_optimizer, move_generator):
    g, d, z, real = players(1)
    optimizer_d, optimizer = torch.optim.SGD(d.parameters(), 0.1), make_generator_optimizer(g, d)
    for _ in range(3): move_discriminator(g, d, optimizer_d, real, z), move_generator(g, d, optimizer, z)
    assert all(p.requires_grad for p in d.parameters()) and all(p.requires_grad for p in g.parameters()), \
        "both can still learn"

# %% wrong 14.5: easier to fool
def make_generator_optimizer(g, d): return torch.optim.SGD([*g.parameters(), *d.parameters()], 0.1)
def move_discriminator(g, d, optimizer, real, z):
    optimizer.zero_grad()
    discriminator_loss(d(real), d(g(z).detach())).backward()
    optimizer.step()
    return d
def move_generator(g, d, optimizer, z): return g

# %% wrong 14.5: Cut the graph
def make_generator_optimizer(g, d): return torch.optim.SGD(g.parameters(), 0.1)
def move_discriminator(g, d, optimizer, real, z):
    optimizer.zero_grad()
    discriminator_loss(d(real), d(g(z))).backward()
    optimizer.step()
    return d
def move_generator(g, d, optimizer, z): return g

# %% wrong 14.5: frozen for good
def make_generator_optimizer(g, d): return torch.optim.SGD(g.parameters(), 0.1)
def move_discriminator(g, d, optimizer, real, z): return d
def move_generator(g, d, optimizer, z): return g

# %% [markdown]
# ## 14.6 Bug museum: wrong fakes, wrong range
# The same program hands its discriminator these two batches. The generator ends in tanh. What does the discriminator learn to tell apart,
# instead of real from made? Two bugs; `x` are true images in [0, 1], as they came from the file, `corrupted` what the generator is given.

# %% answer 14.6
def shown_to_discriminator(g, x, corrupted):
    "The real and the made images that the discriminator is shown, both in [-1, 1]."
    ### BEGIN SOLUTION
    return x * 2 - 1, g(corrupted).detach()
    ### STUDENT
    #: return x, corrupted
    ### END SOLUTION

# %% check 14.6
def check(shown_to_discriminator):
    x = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    corrupted = x * 2 - 1
    corrupted[..., 2:4, 2:4] = 1
    g = lambda v: torch.tanh(3 * v - 0.5)
    real, made = shown_to_discriminator(g, x, corrupted)
    assert not torch.equal(made, corrupted), \
        "The images labelled *made* are the corrupted ones: it learns what a rectangle looks like."
    assert torch.allclose(made, g(corrupted)), "The made images are the generator's answers to the corrupted ones."
    assert real.min() < 0, \
        "A pixel below 0 gives every made image away: tanh has [-1, 1], and your real images have [0, 1]."
    assert torch.allclose(real, x * 2 - 1), "The real images should be the true ones, moved to [-1, 1]."

# %% hidden 14.6
def hidden(shown_to_discriminator):
    g = nn.Linear(2, 2)
    made = shown_to_discriminator(g, torch.zeros(1, 2), torch.ones(1, 2))[1]
    assert not made.requires_grad, "cut off the generator's graph"

# %% wrong 14.6: what a rectangle looks like
def shown_to_discriminator(g, x, corrupted): return x * 2 - 1, corrupted

# %% wrong 14.6: gives every made image away
def shown_to_discriminator(g, x, corrupted): return x, g(corrupted).detach()

# %% [markdown]
# ## 14.7 Eight modes, counted
# A mode is **covered** when at least one in a hundred of the made points lies within 0.3 of its centre. Count the covered modes.

# %% answer 14.7
def covered(points, centres):
    "How many of the centres `[K, 2]` are covered by points `[N, 2]`."
    ### BEGIN SOLUTION
    distance, nearest = torch.cdist(points, centres).min(1)
    counts = torch.bincount(nearest[distance < 0.3], minlength=len(centres))
    return int((counts >= len(points) / 100).sum())
    ### END SOLUTION

# %% check 14.7
def check(covered):
    centres = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
    generator = torch.Generator().manual_seed(0)
    on = lambda k, n: centres[k] + 0.05 * torch.randn(n, 2, generator=generator)
    two = torch.cat([on(0, 150), on(1, 50)])
    n = covered(two, centres)
    assert n != 200, "You count points, and modes are asked for."
    assert n == 2, f"Two of the four modes have points, and you count {n}."
    far = covered(
        torch.cat([two, centres[2] + torch.tensor([1.5, 0.0]) + 0.05 * torch.randn(100, 2, generator=generator)]),
        centres,
    )
    assert far == 2, "A hundred points far out, 1.5 away from the third mode, don't cover it. Nearest isn't near."
    assert covered(torch.cat([two, on(3, 1)]), centres) == 2, "A single point of 201 is less than one in a hundred."

# %% hidden 14.7
def hidden(covered):
    centres = torch.eye(2) * 3
    assert covered(torch.zeros(100, 2), centres) == 0 and covered(centres.repeat(50, 1), centres) == 2, "none, and all"

# %% wrong 14.7: Nearest isn't near
def covered(points, centres):
    counts = torch.bincount(torch.cdist(points, centres).argmin(1), minlength=len(centres))
    return int((counts >= len(points) / 100).sum())

# %% wrong 14.7: less than one in a hundred
def covered(points, centres): return int((torch.cdist(points, centres) < 0.3).any(0).sum())

# %% [markdown]
# ## 14.8 The ring, with a slow discriminator
# The lecture's exercise. In the first run the discriminator moves in every step, in the second only in **every fifth**. Some ten seconds.

# %%
angles = torch.arange(8) * math.pi / 4
centres = 2 * torch.stack([angles.cos(), angles.sin()], 1)


def ring(every, steps=500, lr=4e-3, beta=0.9):
    "What 300 fixed latents become, every 25 steps of a GAN whose discriminator moves only every so many steps."
    torch.manual_seed(1)
    rng, latents, film = seeded_generator("ring"), torch.randn(300, 2, generator=seeded_generator("eyes")), []
    g, d = mlp((2, 128, 128, 2)), mlp((2, 128, 128, 1))
    move_g, move_d = (torch.optim.Adam(n.parameters(), lr, betas=(beta, 0.9)) for n in (g, d))
    for step in range(steps + 1):
        if step % 25 == 0: film.append(g(latents).detach())
        if step % every == 0:
            real = centres[torch.randint(8, (256,), generator=rng)] + 0.05 * torch.randn(256, 2, generator=rng)
            move_d.zero_grad()
            discriminator_loss(d(real), d(g(torch.randn(256, 2, generator=rng)).detach())).backward()
            move_d.step()
        move_g.zero_grad()
        generator_loss(d(g(torch.randn(256, 2, generator=rng)))).backward()
        move_g.step()
    return film


runs = {"every step": ring(1), "every fifth": ring(5)}
coverage = {name: [covered(points, centres) for points in film] for name, film in runs.items()}
width = {name: [points.std(0).mean().item() for points in film] for name, film in runs.items()}
for name in runs:
    print(f"{name:12} modes covered, over time: {coverage[name]}")
    print(f"{'':12} spread of the 300 points:     {[round(w, 1) for w in width[name]]}")

# %% [markdown]
# Which failure is it, with every fifth step? Choose: **A** the discriminator can't be fooled any more, **B** the generator runs to wherever the old
# discriminator is fooled, brings nearly everything to one place there, often far from any mode, and learns too late that it is a wrong one, **C** none: a slower discriminator is a better teacher.
# And what is the mean coverage of the second run, from the sixth entry on?

# %% answer 14.8
failure = "B"  ### SOLUTION
mean_coverage = float(np.mean(coverage["every fifth"][5:]))  ### SOLUTION

# %% check 14.8
def check(failure, mean_coverage, coverage):
    measured = float(np.mean(coverage["every fifth"][5:]))
    assert failure in ("A", "B", "C"), "Answer with a letter."
    assert abs(mean_coverage - measured) < 0.06, \
        f"Mean over the entries from the sixth on, of the second run: not {float(mean_coverage):.2f}."
    assert failure != "A", "Who moves rarely isn't too good. It is fooled, and has no time to notice."
    assert failure != "C", f"A better teacher would cover more modes than {measured:.1f} of 8."

# %% hidden 14.8
def hidden(failure, mean_coverage, coverage): assert failure == "B" and mean_coverage < 4, "B"

# %% wrong 14.8: isn't too good
failure, mean_coverage = "A", float(np.mean(coverage["every fifth"][5:]))

# %% wrong 14.8: A better teacher
failure, mean_coverage = "C", float(np.mean(coverage["every fifth"][5:]))

# %% wrong 14.8: from the sixth on
failure, mean_coverage = "B", 8.0

# %% [markdown]
# ## 14.9 Diversity
# One number that notices a collapse: how much do the made images differ **among themselves**, relative to the real ones? Take the standard
# deviation of each pixel over the images, average it over the pixels, and divide the made by the real.

# %% answer 14.9
def diversity(made, real):
    "1: as diverse as real images; 0: all alike. Both `[N, 1, H, W]`."
    ### BEGIN SOLUTION
    return (made.std(0).mean() / real.std(0).mean()).item()
    ### END SOLUTION

# %% check 14.9
def check(diversity):
    real = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    one = real[:1].expand(50, -1, -1, -1)
    value = float(diversity(one, real))
    assert value < 0.5, (
        f"Fifty times the same image, and your diversity is {value:.2f}: you look at the contrast *within* the images. "
        "Over which dimension do images differ from each other?")
    assert abs(float(diversity(real, real)) - 1) < 1e-5, "Real images, compared with themselves, should have 1."
    half = float(diversity(real / 2, real))
    assert abs(half - 0.5) < 1e-3, \
        f"Half as different is 0.5, and yours is {half:.2f}. (Standard deviations, or variances? Made by real?)"

# %% hidden 14.9
def hidden(diversity): assert diversity(torch.zeros(4, 1, 2, 2), torch.rand(4, 1, 2, 2)) == 0, "all alike"

# %% wrong 14.9: *within* the images
def diversity(made, real): return (made.flatten(1).std(1).mean() / real.flatten(1).std(1).mean()).item()

# %% wrong 14.9: or variances
def diversity(made, real): return (made.var(0).mean() / real.var(0).mean()).item()

# %% [markdown]
# ## 14.10 Name the failure
# Four trained GANs of the lecture, without their names. From the last fifth of their logs, and from your `diversity` of what they draw, decide: which
# one is **healthy**, which has **collapsed**, in which does the discriminator win and the gradient has **vanished**, and in which do the two **swing**?

# %%
models = {"A": "gan-mnist-vanishing", "B": "gan-mnist-swinging", "C": "gan-mnist", "D": "gan-mnist-collapsed"}
latents = build_corruption("latent(size=64)")(torch.zeros(64, 1, 28, 28), seeded_generator("ward")).image
for letter, name in models.items():
    model = train_or_load(name)
    log = read_log(model.folder / "log.csv")
    late = {
        key: log[key][1][-len(log[key][1]) // 5:]
        for key in ("discriminator/doubt", "generator/gradient", "generator/adversarial")
    }
    drawn = diversity(model.network(latents), train_or_load("gan-mnist").examples())
    columns = [f"{k.split('/')[1]} {np.mean(v):.4f} ± {np.std(v):.4f}" for k, v in late.items()]
    print(letter, f"diversity {drawn:.2f};  ", ", ".join(columns))

# %% answer 14.10
diagnosis = {"healthy": "C", "collapsed": "D", "vanished": "A", "swings": "B"}  ### SOLUTION

# %% check 14.10
def check(diagnosis):
    assert isinstance(diagnosis, dict) and set(diagnosis) == {"healthy", "collapsed", "vanished", "swings"}, \
        "Give a dictionary with the keys healthy, collapsed, vanished and swings."
    assert sorted(diagnosis.values()) == list("ABCD"), "Each of A, B, C and D gets one diagnosis."
    assert diagnosis["collapsed"] != "A", (
        "A collapsed generator draws one image for all latents. Look at A's diversity (noise is diverse, too), and at "
        "its gradient.")
    assert diagnosis["healthy"] != "A", "A's gradient is next to nothing: it will draw for ever what it draws now."
    assert diagnosis["healthy"] != "B", (
        "B's loss and doubt jump from one step to the next (look at what stands behind ±). A healthy pair argues "
        "calmly.")
    assert diagnosis["collapsed"] != "B" and diagnosis["swings"] != "D", \
        "Fixed is fixed: look for the one whose diversity is 0."
    assert diagnosis["healthy"] != "D", "D draws the same image for all latents."
    assert diagnosis["vanished"] == "A", "The gradient has vanished where it is 0.0000."

# %% hidden 14.10
def hidden(diagnosis):
    assert diagnosis == {"healthy": "C", "collapsed": "D", "vanished": "A", "swings": "B"}, "C, D, A, B"

# %% wrong 14.10: noise is diverse
diagnosis = {"healthy": "C", "collapsed": "A", "vanished": "D", "swings": "B"}

# %% wrong 14.10: next to nothing
diagnosis = {"healthy": "A", "collapsed": "D", "vanished": "C", "swings": "B"}

# %% [markdown]
# ## 14.11 Bug museum: five updates on one batch
# In the same program all players move five times on the same images before new ones are drawn. Fix the schedule: **each** of `steps` steps gets a
# batch of its own. `draw()` gives a batch, `move(batch)` moves all players once. Return how many steps were made.

# %% answer 14.11
def play(draw, move, steps):
    "A game of so many steps."
    ### BEGIN SOLUTION
    for _ in range(steps): move(draw())
    return steps
    ### STUDENT
    #: done = 0
    #: while done < steps:
    #:     batch = draw()
    #:     for _ in range(5):
    #:         move(batch)
    #:         done += 1
    #: return done
    ### END SOLUTION

# %% check 14.11
def check(play):
    from itertools import count

    numbers, moved = count(), []
    reported = play(lambda: next(numbers), moved.append, 12)
    assert len(moved) <= 12, f"12 steps were asked for, and {len(moved)} were made."
    assert len(set(moved)) == len(moved), (
        f"{len(moved)} moves on {len(set(moved))} different batches: whoever sees the same images again and again "
        "learns them by heart.")
    assert len(moved) == 12 and reported == 12, \
        f"12 steps were asked for, {len(moved)} were made, and {reported} are reported."
    assert next(numbers) == 12, "More batches were drawn than used. On real data that costs as much as the training."

# %% hidden 14.11
def hidden(play): assert play(lambda: 1, lambda batch: None, 0) == 0, "no steps"

# %% wrong 14.11: by heart
def play(draw, move, steps):
    batch = draw()
    for _ in range(steps): move(batch)
    return steps

# %% wrong 14.11: than used
def play(draw, move, steps):
    for _ in range(steps):
        draw()
        move(draw())
    return steps

# %% [markdown]
# ## 14.12 Bug museum: saving last
# Its last bug costs everything: after hours of training the program reports the time, misspells a name, and dies before it saves. Fix the **order**, not only the name:
# `save()` every `every` steps and after the last one, *before* anything is reported; and an error in `report` (it takes the number of steps) must not pass in silence.

# %% answer 14.12
def train_and_save(move, save, report, steps, every):
    "Train, save in between and at the end, then report."
    ### BEGIN SOLUTION
    for step in range(1, steps + 1):
        move()
        if step % every == 0 or step == steps: save()
    report(steps)
    return steps
    ### STUDENT
    #: for step in range(1, steps + 1): move()
    #: report(stepps)
    #: save()
    #: return steps
    ### END SOLUTION

# %% check 14.12
def check(train_and_save):
    story = []
    def broken(steps): raise ValueError("a misspelled report")
    try: train_and_save(lambda: story.append("move"), lambda: story.append("save"), broken, 10, 4)
    except NameError as e: raise AssertionError(f"It dies of a misspelled name ({e}), after all the training.")
    except ValueError: silent = False
    else: silent = True
    assert story.count("move") == 10, f"10 steps were asked for, and {story.count('move')} were made."
    assert "save" in story, "The report failed, and nothing had been saved: all is lost. Save first."
    assert story[-1] == "save", "The last steps aren't saved when the report fails."
    assert [i - story[:i].count("save") for i, what in enumerate(story) if what == "save"] == [4, 8, 10], (
        "Save after step 4, after step 8, and at the end: whoever pulls the plug at step 9 should lose one step, not "
        "nine.")
    assert not silent, \
        "The report failed, and nobody heard of it. An error that is swallowed will be looked for somewhere else."

# %% hidden 14.12
def hidden(train_and_save):
    story = []
    train_and_save(lambda: None, lambda: story.append("save"), lambda steps: story.append(steps), 8, 4)
    assert story == ["save", "save", 8], "saved once at step 8, then reported"

# %% wrong 14.12: Save first
def train_and_save(move, save, report, steps, every):
    for step in range(1, steps + 1): move()
    report(steps)
    save()
    return steps

# %% wrong 14.12: not nine
def train_and_save(move, save, report, steps, every):
    for step in range(1, steps + 1): move()
    save()
    report(steps)
    return steps

# %% wrong 14.12: swallowed
def train_and_save(move, save, report, steps, every):
    for step in range(1, steps + 1):
        move()
        if step % every == 0 or step == steps: save()
    try: report(steps)
    except Exception: pass
    return steps
