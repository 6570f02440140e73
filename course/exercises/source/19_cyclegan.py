# %% [markdown]
# # Exercise 19: CycleGAN
# Ten tasks, about an hour: count the maps that fool a discriminator, build a memory for it, and catch a translator that hides a message.

# %%
import itertools

import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.data import load_data

t1, t2 = load_data("phantoms", "test").stack(8)

# %% for checks
import torch
from torch.nn import functional as F

# %% [markdown]
# ## 19.1 Predict: how free is the map?
# Five images on each side, all equally frequent. How many maps $G$ from domain $A$ to domain $B$ fool the discriminator of $B$ (every image appears as often as it should)? And how many **pairs** $(G, F)$ fool both discriminators *and*
# lead every image of both domains back to itself?

# %% answer 19.1
fool = 120  ### SOLUTION
pairs_that_lead_back = 120  ### SOLUTION

# %% check 19.1
def check(fool, pairs_that_lead_back):
    assert fool != 5**5, "That is every map. The discriminator sees if an image appears twice and another never."
    assert fool != 25, "25 pairs of images; a map chooses a partner for each of five, all different."
    assert fool == 120, f"Not {fool}: the first image has five possible partners, the second only four."
    assert pairs_that_lead_back != fool**2, \
        "These are the pairs that fool both discriminators. If G is chosen, how many F undo it?"
    assert pairs_that_lead_back != 1, \
        "One of them is the right one; but the cycle loss can't tell which: each shuffling has its own way back."
    assert pairs_that_lead_back == 120, "For each of the maps that fool the discriminator of B, count the ways back."

# %% hidden 19.1
def hidden(fool, pairs_that_lead_back): assert (fool, pairs_that_lead_back) == (120, 120), "120 and 120"

# %% wrong 19.1: how many F undo it
fool, pairs_that_lead_back = 120, 14400

# %% wrong 19.1: can't tell which
fool, pairs_that_lead_back = 120, 1

# %% wrong 19.1: That is every map
fool, pairs_that_lead_back = 3125, 120

# %% [markdown]
# ## 19.2 The losses of least squares
# Write both sides: what the discriminator minimises (½ for each of its two parts), and what the generator minimises (no factor). `real` and `fake` are what the discriminator says, of any shape.

# %% answer 19.2
def d_loss(real, fake):
    "½ E (D(b) - 1)² + ½ E D(G(a))²."
    ### BEGIN SOLUTION
    return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
    ### END SOLUTION


def g_loss(fake):
    "E (D(G(a)) - 1)²."
    ### BEGIN SOLUTION
    return ((fake - 1) ** 2).mean()
    ### END SOLUTION

# %% check 19.2
def check(d_loss, g_loss):
    real, fake = torch.tensor([[1.0, 0.0], [2.0, 1.0]]), torch.tensor([[0.0, 0.5], [1.0, -1.0]])
    j, m = d_loss(real, fake), g_loss(fake)
    assert j.ndim == 0 and m.ndim == 0, "Each is one number: the mean over all patches of all images."
    assert not torch.isclose(m, (fake**2).mean()), (
        "The generator wants its images to be called *real*. What does the discriminator say of real ones when it is "
        "right?")
    assert not torch.isclose(j, (real**2).mean() / 2 + ((fake - 1) ** 2).mean() / 2), \
        "The targets are exchanged: real images should get 1."
    assert torch.isclose(j, torch.tensor(0.53125)), \
        f"The discriminator's loss of this example is 0.53125, yours {j.item():.5f}."
    assert torch.isclose(m, torch.tensor(1.3125)), \
        f"The generator's loss of this example is 1.3125, yours {m.item():.5f}."

# %% hidden 19.2
def hidden(d_loss, g_loss):
    assert d_loss(torch.ones(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)) == 0 == g_loss(torch.ones(4)), \
        "nothing to complain about"

# %% wrong 19.2: called *real*
def d_loss(real, fake): return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
def g_loss(fake): return (fake**2).mean()

# %% wrong 19.2: The targets are exchanged
def d_loss(real, fake): return (real**2).mean() / 2 + ((fake - 1) ** 2).mean() / 2
def g_loss(fake): return ((fake - 1) ** 2).mean()

# %% [markdown]
# ## 19.3 There and back
# The cycle loss, for two domains and two networks: mean absolute error, both ways round.

# %% answer 19.3
def cycle(a, b, there, back):
    "E |F(G(a)) - a| + E |G(F(b)) - b|, with G = `there` and F = `back`."
    ### BEGIN SOLUTION
    return (back(there(a)) - a).abs().mean() + (there(back(b)) - b).abs().mean()
    ### END SOLUTION

# %% check 19.3
def check(cycle):
    a, b = torch.full((2, 1, 4, 4), 0.5), torch.full((3, 1, 4, 4), -0.25)
    value = lambda there, back: float(cycle(a, b, there, back))
    assert value(lambda x: -x, lambda x: -x) == 0, \
        "A negative of a negative is the image itself; this pair has no cycle error."
    assert abs(value(lambda x: x + 1, lambda x: x - 1)) < 1e-6, \
        "Adding one and taking it away leads back; don't clip in between."
    assert value(lambda x: 0 * x, lambda x: x) > 0.6, (
        "If G makes everything grey, neither way round leads back: 0.5 is lost on one side, 0.25 on the other. Did you "
        "go round from both domains?")
    assert abs(value(lambda x: x + 1, abs) - (1 + 1.5)) < 1e-5, \
        "Which network is applied first? From a: there, then back; from b: back, then there."

# %% hidden 19.3
def hidden(cycle):
    a, b = torch.rand(2, 4, 1, 3, 3)
    assert torch.isclose(cycle(a, b, lambda x: x + 0.5, lambda x: x), torch.tensor(1.0)), "absolute, not squared"

# %% wrong 19.3: from both domains
def cycle(a, b, there, back): return (back(there(a)) - a).abs().mean()

# %% wrong 19.3: applied first
def cycle(a, b, there, back): return (there(back(a)) - a).abs().mean() + (back(there(b)) - b).abs().mean()

# %% [markdown]
# ## 19.4 A memory for the discriminator
# `kept` is a list of at most `n` images. While it isn't full, a new image is kept and shown. Later a coin decides: either the new image is shown and forgotten, or an old one is shown, and the new one takes its place.

# %% answer 19.4 (2 points)
def remember(kept, new, n, rng):
    "The image to show; changes `kept`. All random numbers come from the `torch.Generator` `rng`."
    ### BEGIN SOLUTION
    if len(kept) < n:
        kept.append(new)
        return new
    if torch.rand((), generator=rng) < 0.5: return new
    place = int(torch.randint(n, (), generator=rng))
    old, kept[place] = kept[place], new
    return old
    ### END SOLUTION

# %% check 19.4
def check(remember):
    rng, kept = torch.Generator().manual_seed(0), []
    shown = [int(remember(kept, torch.tensor(k), 5, rng)) for k in range(2000)]
    assert shown[:5] == [0, 1, 2, 3, 4], \
        f"The first five fill the memory, and are shown as they come; yours were {shown[:5]}."
    assert len(kept) == 5, f"The memory has room for five; yours holds {len(kept)}."
    old = [k - s for k, s in enumerate(shown) if s != k]
    assert old, "An old image is never shown."
    assert len(old) < 1500, f"{len(old) / 20:.0f} % of what is shown is old. The coin should be fair."
    assert len(set(shown)) > 1000, \
        "The same old images again and again: the new one should take the place of the one that was shown."
    assert 800 < len(old) < 1200, f"About half should be old; yours are {len(old) / 20:.0f} %."
    assert len(set(old)) > 10, "Always the oldest or always the youngest: the place should be drawn by lot."

# %% hidden 19.4
def hidden(remember):
    runs = []
    for _ in range(2):
        kept, rng = [], torch.Generator().manual_seed(3)
        runs.append([int(remember(kept, torch.tensor(k), 3, rng)) for k in range(50)])
    assert runs[0] == runs[1], "the same rng, the same images"

# %% wrong 19.4: take the place of the one
def remember(kept, new, n, rng):
    if len(kept) < n:
        kept.append(new)
        return new
    return new if torch.rand((), generator=rng) < 0.5 else kept[int(torch.randint(n, (), generator=rng))]

# %% wrong 19.4: has room for five
def remember(kept, new, n, rng):
    kept.append(new)
    return (
        new
        if len(kept) <= n or torch.rand((), generator=rng) < 0.5
        else kept[int(torch.randint(len(kept), (), generator=rng))]
    )

# %% wrong 19.4: The coin should be fair
def remember(kept, new, n, rng):
    if len(kept) < n:
        kept.append(new)
        return new
    place = int(torch.randint(n, (), generator=rng))
    old, kept[place] = kept[place], new
    return old

# %% [markdown]
# ## 19.5 Identity: when does it help?
# Write the identity loss. Then decide: the true translation is (1) a negative, $b = -a$, or (2) a slight brightening, $b = a + 0.1$. In which of the two does the identity loss pull *away* from the true translators? **A** in (1) much more than in (2), **B** in (2) much
# more than in (1), **C** in neither.

# %% answer 19.5
def identity(a, b, there, back):
    "E |G(b) - b| + E |F(a) - a|."
    ### BEGIN SOLUTION
    return (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
    ### END SOLUTION


pulls_away = "A"  ### SOLUTION

# %% check 19.5
def check(identity, pulls_away):
    a, b = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), -0.25)
    assert float(identity(a, b, lambda x: x, lambda x: x)) == 0, "Who leaves everything alone pays nothing."
    value = float(identity(a, b, lambda x: -x, lambda x: x + 1))
    assert abs(value - 2.0) > 1e-6 or abs(value - 1.5) < 1e-6, \
        "There is handed images that *are* of the second domain already: there(b), not there(a)."
    assert abs(value - 1.5) < 1e-6, f"Here it is 0.5 + 1; yours is {value:.3f}."
    assert pulls_away in ("A", "B", "C"), "Answer with a letter."
    assert pulls_away != "C", "Put the true translators in: G(b) = -b differs from b by 2|b|. That isn't nothing."
    assert pulls_away != "B", "Put the true translators in: 2|b| in the first case, 0.1 in the second."

# %% hidden 19.5
def hidden(identity, pulls_away):
    x = torch.rand(4, 1, 3, 3)
    value = identity(x, x, lambda v: v + 0.1, lambda v: v - 0.1)
    assert pulls_away == "A" and torch.isclose(value, torch.tensor(0.2)), "A"

# %% wrong 19.5: there(b), not there(a)
def identity(a, b, there, back): return (there(a) - a).abs().mean() + (back(a) - a).abs().mean()
pulls_away = "A"

# %% wrong 19.5: That isn't nothing
def identity(a, b, there, back): return (there(b) - b).abs().mean() + (back(a) - a).abs().mean()
pulls_away = "C"

# %% [markdown]
# ## 19.6 Instance norm
# Each map of each image by itself: mean 0 and variance 1 over its pixels. (Add `1e-5` to the variance; divide by the number of pixels, not by one less.)

# %% answer 19.6
def instance_norm(x):
    "`[B, C, H, W]` → the same shape."
    ### BEGIN SOLUTION
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
    return (x - mean) / (variance + 1e-5).sqrt()
    ### END SOLUTION

# %% check 19.6
def check(instance_norm):
    x = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    x = x * torch.tensor([1.0, 5, 20]).view(3, 1, 1, 1) + torch.arange(4.0).view(4, 1, 1)
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
    y = instance_norm(x)
    assert y.shape == x.shape, "The shape stays."
    assert not torch.allclose(y, F.batch_norm(x, None, None, training=True), atol=1e-3), \
        "That is batch norm: mean and variance over the whole batch. The first image's answer depends on the others."
    assert not torch.allclose(y, F.layer_norm(x, x.shape[1:]), atol=1e-3), \
        "That is layer norm: one mean for all maps of an image. Each map by itself."
    assert not torch.allclose(y, (x - mean) / (variance + 1e-5).sqrt(), atol=1e-3), \
        "Divide by the number of pixels: correction=0."
    assert torch.allclose(y, F.instance_norm(x), atol=1e-4), \
        "Mean and variance over height and width, for each image and map."

# %% hidden 19.6
def hidden(instance_norm):
    assert torch.allclose(instance_norm(torch.ones(2, 3, 4, 4)), torch.zeros(2, 3, 4, 4)), "an even image becomes 0"

# %% wrong 19.6: That is batch norm
def instance_norm(x): return F.batch_norm(x, None, None, training=True)

# %% wrong 19.6: That is layer norm
def instance_norm(x): return F.layer_norm(x, x.shape[1:])

# %% [markdown]
# ## 19.7 Find the bug: a memory that changes and grows
# This program keeps made images for the discriminator. Two things go wrong: the images in the memory *change* when the next batch is written into the same tensor, and the program needs more and more memory, because each kept image holds on to the network
# that made it. Fix it.

# %% answer 19.7
def keep(kept, made):
    "Append the images of a batch `[B, C, H, W]` to the list `kept`."
    ### BEGIN SOLUTION
    kept.extend(made.detach().clone())
    ### STUDENT
    #: kept.extend(made)
    ### END SOLUTION
    return kept

# %% check 19.7
def check(keep):
    weight = torch.ones(1, requires_grad=True)
    kept = keep([], weight * torch.ones(2, 1, 2, 2))
    assert len(kept) == 2 and kept[0].shape == (1, 2, 2), "Two images, one by one."
    assert not any(x.requires_grad for x in kept), \
        "The images still carry their graph, and with it everything that made them."
    batch = torch.ones(2, 1, 2, 2)
    kept = keep([], batch)
    batch.zero_()
    assert all(x.min() == 1 for x in kept), \
        "The batch was overwritten, and the memory with it: `detach` shares the numbers. A copy is needed."

# %% hidden 19.7
def hidden(keep):
    x = torch.rand(3, 1, 2, 2)
    assert torch.equal(torch.stack(keep(keep([], x), x)), torch.cat([x, x])), "in their order"

# %% wrong 19.7: A copy is needed
def keep(kept, made):
    kept.extend(made.detach())
    return kept

# %% wrong 19.7: still carry their graph
def keep(kept, made):
    kept.extend(made.clone())
    return kept

# %% [markdown]
# ## 19.8 Catch the liar
# `honest` makes a negative. `liar` answers every image with the *same* one, and hides the true one in it, a thousandth as strong. Both cycles close. Write the test of the lecture: by what **factor** does the cycle error grow when noise of standard deviation `sigma`
# is added to the made image before the way back? Add `1e-4` to both errors, so that an error of nothing can be divided by.

# %%
grey = load_data("phantoms", "train").stack(1)[1]
honest = (lambda x: -x, lambda y: -y)
liar = (lambda x: grey + x / 1000, lambda y: (y - grey) * 1000)

# %% answer 19.8 (2 points)
def growth(a, there, back, sigma, rng):
    "Cycle error with noise over cycle error without; mean absolute errors."
    ### BEGIN SOLUTION
    made = there(a)
    noise = sigma * torch.randn(made.shape, generator=rng)
    error = lambda y: (back(y) - a).abs().mean() + 1e-4
    return (error(made + noise) / error(made)).item()
    ### END SOLUTION

# %% check 19.8
def check(growth):
    seed = lambda number=1: torch.Generator().manual_seed(number)
    a = torch.rand(4, 1, 8, 8, generator=seed(0)) * 2 - 1
    halved = (lambda x: x / 100, lambda y: y * 100)
    loss_of_half = (lambda x: x / 2, lambda y: y)
    value = growth(a, *halved, 0.01, seed())
    assert not value < 1, "It shrinks: with noise over without."
    assert not 2 < value < 200, (
        "The noise belongs on the *made* image, between there and back; on the image that is shown it travels like "
        "everything else.")
    assert 4000 < value < 12000, (
        "The way back multiplies by 100: noise of 0.01 becomes an error of about 0.8, over 0.0001. Yours is "
        f"{value:.1f}.")
    assert abs(growth(a, *loss_of_half, 0.0, seed()) - 1) < 1e-5, "Without noise the factor is 1."

# %% hidden 19.8
def hidden(growth):
    a = torch.rand(4, 1, 8, 8)
    assert growth(a, lambda x: x, lambda y: 0 * y, 0.5, torch.Generator()) == 1, \
        "a way back that listens to nothing isn't disturbed by noise"

# %% wrong 19.8: between there and back
def growth(a, there, back, sigma, rng):
    error = lambda x: (back(there(x)) - a).abs().mean() + 1e-4
    return (error(a + sigma * torch.randn(a.shape, generator=rng)) / error(a)).item()

# %% wrong 19.8: It shrinks
def growth(a, there, back, sigma, rng):
    made = there(a)
    error = lambda y: (back(y) - a).abs().mean() + 1e-4
    return (error(made) / error(made + sigma * torch.randn(made.shape, generator=rng))).item()

# %%
for name, way in {"honest": honest, "liar": liar}.items():
    print(f"{name:7} the error grows {growth(t1, *way, 2 / 127.5, seeded_generator(name)):10.1f} times")

# %% [markdown]
# ## 19.9 How much of a lesion is left?
# Compare a head *with* a lesion and the same head *without*, in the truth and in the translation. `spot` is 1 where the lesion is. What share of the true contrast does the translation show?

# %% answer 19.9
def share(truth_ill, truth_healthy, made_ill, made_healthy, spot):
    "1: all of the contrast is there, 0: nothing, negative: reversed."
    ### BEGIN SOLUTION
    contrast = lambda ill, healthy: ((ill - healthy) * spot).sum() / spot.sum()
    return (contrast(made_ill, made_healthy) / contrast(truth_ill, truth_healthy)).item()
    ### END SOLUTION

# %% check 19.9
def check(share):
    healthy, spot = torch.zeros(1, 1, 10, 10), torch.zeros(1, 1, 10, 10)
    spot[..., 4:6, 4:6] = 1
    elsewhere = healthy + torch.linspace(-0.3, 0.3, 10)
    value = float(share(healthy + 0.8 * spot, healthy, elsewhere + 0.2 * spot, healthy + 0.1, spot))
    brighter = float(share(healthy + 0.8 * spot, healthy, healthy + 0.1 + 0.2 * spot, healthy + 0.1, spot))
    assert abs(brighter - 0.25) < 1e-4, (
        "A quarter of the contrast is left. Compare ill with healthy *in the translation*; that it is brighter "
        "everywhere is no lesion.")
    wanted = float((((elsewhere + 0.2 * spot - healthy - 0.1) * spot).sum() / spot.sum()) / 0.8)
    assert abs(value - wanted) < 1e-4, "Only the pixels of the spot count; what changes elsewhere is another story."

# %% hidden 19.9
def hidden(share):
    x, spot = torch.rand(1, 1, 5, 5), torch.eye(5)[None, None]
    assert abs(share(x + spot, x, x - spot, x, spot) + 1) < 1e-4, "reversed: -1"


# %% wrong 19.9: *in the translation*
def share(truth_ill, truth_healthy, made_ill, made_healthy, spot):
    return ((made_ill * spot).sum() / (truth_ill * spot).sum()).item()


# %% wrong 19.9: Only the pixels of the spot
def share(truth_ill, truth_healthy, made_ill, made_healthy, spot):
    return ((made_ill - made_healthy).mean() / (truth_ill - truth_healthy).mean()).item()


# %% [markdown]
# ## 19.10 Read a claim
# A company sells a CycleGAN that makes T2 images from T1. "The cycle error is 0.8 grey levels, experts can't tell our images from measured ones, so patients are spared a scan." Write the letters of everything that **follows** from the two measurements, in
# alphabetical order, e.g. `"AD"`: **A** the T2 images show the same tissue as the T1 images, **B** the way back recovers what it was shown, **C** lesions are kept, **D** the images as a set look like measured ones.

# %% answer 19.10
follows = "BD"  ### SOLUTION

# %% check 19.10
def check(follows):
    assert isinstance(follows, str) and follows and set(follows) <= set("ABCD"), "Some of the letters A, B, C, D."
    assert "A" not in follows, \
        "A: a translator that mirrors every head has the same cycle error and fools the same experts."
    assert "C" not in follows, (
        "C: a lesion that T1 doesn't show can't be in the answer; and one that is painted over may travel as a hidden "
        "message.")
    assert "B" in follows, "B is what the cycle error measures."
    assert "D" in follows, "D is what the experts were asked."
    assert follows == "BD", "In alphabetical order, each once."

# %% hidden 19.10
def hidden(follows): assert follows == "BD", "BD"

# %% wrong 19.10: a translator that mirrors
follows = "ABD"

# %% wrong 19.10: may travel as a hidden message
follows = "BCD"

# %% wrong 19.10: what the experts were asked
follows = "B"
