# %% [markdown]
# # Exercise 18: Pix2Pix
# Ten tasks, about an hour and a quarter: a discriminator that sees both, what one brightness can know of another, and a lesion that no healthy head shows.

# %%
import math

import torch
from torch.nn import functional as F

from recon.baselines import build_baseline
from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.data import load_data
from recon.losses import discriminator_loss, generator_loss
from recon.metrics import head_mask, mae, psnr_head
from recon.models.features import cifar10_kid
from recon.models.pix2pix import PatchDiscriminator, UNet
from recon.synthetic_sets import TISSUES, spin_echo

maps_train, photos_train = load_data("facades-toy", "train").stack()
maps, photos = load_data("facades-toy", "test").stack()
t1_train, t2_train = load_data("phantoms", "train").stack()
t1, t2 = load_data("phantoms", "test").stack()

# %% for checks
import math

import torch
from torch.nn import functional as F


def pair(seed=0, shape=(2, 1, 4, 4)):
    "Two images that belong together."
    return torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1

# %% [markdown]
# ## 18.1 Predict: which discriminator sees it?
# Map 0 belongs to house 0 and map 1 to house 1; both are equally frequent. Four generators: **A** always paints the right house, **B** always the *other* map's house, **C** paints house 0
# for both maps, **D** tosses a coin for each map. Which of them can the best possible discriminator tell from the truth in the long run, if it is shown the house
# alone (`alone`), and which if it is shown map and house (`both`)? Give two sets of letters, then run the cell below: it counts.

# %% answer 18.1
### BEGIN SOLUTION
alone, both = {"C"}, {"B", "C", "D"}
### STUDENT
#: alone, both = ..., ...
### END SOLUTION

# %% check 18.1
def check(alone, both):
    for answer in (alone, both):
        assert isinstance(answer, (set, list, tuple)) and set(answer) <= set("ABCD"), \
            "Give two sets of letters, such as {\"A\"}."
    assert "A" not in set(alone) | set(both), "A makes nothing but the truth. There is nothing to see."
    assert "B" not in alone, (
        "B makes each house as often as it occurs in truth. What could a discriminator object to that doesn't know the "
        "map?")
    assert "D" not in alone, \
        "A fair coin makes each house half of the time. Compare with how often they occur in truth."
    assert "C" in alone, "In truth half of all houses are house 1. How many are, in C's work?"
    assert "B" in both, "Which pairs of map and house occur in truth, and which in B's work?"
    assert set(both) == {"B", "C", "D"}, (
        "One more makes pairs that never occur in truth: write down the four pairs with their probabilities, for each "
        "generator.")

# %% hidden 18.1
def hidden(alone, both): assert (set(alone), set(both)) == ({"C"}, {"B", "C", "D"}), "C; B, C and D"

# %% wrong 18.1: What could a discriminator object to
alone, both = {"B", "C", "D"}, {"B", "C", "D"}

# %% wrong 18.1: write down the four pairs
alone, both = {"C"}, {"B", "C"}

# %%
def difference(p, q):
    "Bits that the best discriminator gains from one look (Jensen–Shannon, chapter 14)."
    m, kl = (p + q) / 2, lambda u, v: (u[u > 0] * (u[u > 0] / v[u > 0]).log2()).sum()
    return ((kl(p, m) + kl(q, m)) / 2).item()


tables = {
    "A": [[0.5, 0], [0, 0.5]],
    "B": [[0, 0.5], [0.5, 0]],
    "C": [[0.5, 0], [0.5, 0]],
    "D": [[0.25, 0.25], [0.25, 0.25]],
}  # rows: maps
truth = torch.tensor(tables["A"])
for name, made in tables.items():
    made = torch.tensor(made)
    alone = difference(truth.sum(0), made.sum(0))
    both = difference(truth.flatten(), made.flatten())
    print(f"{name}: the house alone {alone:.2f} bits, map and house {both:.2f} bits")

# %% [markdown]
# ## 18.2 How much does one logit see?
# A discriminator of patches is a row of convolutions, each with a kernel $k$ and a stride $s$. Write `patch`: the side, in pixels of the image, of what **one** number at the end depends on. Then
# predict: the paper's discriminator has $(4, 2), (4, 2), (4, 2), (4, 1), (4, 1)$ and sees 70 pixels. What does it see with one more layer $(3, 1)$ right behind the image, and what with the same
# layer right before the logit?

# %% answer 18.2 (2 points)
def patch(layers):
    "Side of the patch, in pixels; `layers`: (kernel, stride) of each convolution, from the image to the logit."
    ### BEGIN SOLUTION
    side = 1
    for kernel, stride in reversed(layers): side = stride * (side - 1) + kernel
    return side
    ### END SOLUTION


### BEGIN SOLUTION
in_front, at_end = 72, 86
### STUDENT
#: in_front, at_end = ..., ...
### END SOLUTION

# %% check 18.2
def check(patch, in_front, at_end):
    assert patch([]) == 1, "Without any layer one number depends on one pixel."
    side = patch([(4, 2), (4, 2), (4, 2), (4, 1), (4, 1)])
    assert side != 28, (
        "28 comes out when one goes through the layers in the wrong direction. Where does the *one* number stand that "
        "we start from?")
    assert side != 16, \
        "16: the strides are missing. Neighbours in a later map are more than one pixel of the image apart."
    assert side != 100, (
        "The kernel is laid at `side` places that overlap: how many *steps* are there between the first and the last "
        "place?")
    assert side == 70, f"The paper's discriminator sees 70 pixels; yours {side}."
    assert patch([(4, 2)]) == 4, "A single layer sees its kernel, whatever the stride."
    assert in_front != 86 or at_end != 72, \
        "The other way round: which of the two places has neighbours that are many pixels apart?"
    assert (in_front, at_end) != (72, 72), (
        "At full size a 3 × 3 kernel adds a pixel on each side. How far apart in the image are neighbours in the "
        "*last* map?")
    assert in_front == 72 and at_end == 86, "The function is right, and the prediction isn't yet. Ask the function."

# %% hidden 18.2
def hidden(patch, in_front, at_end):
    from recon.models.pix2pix import PatchDiscriminator, receptive_field

    for n in (1, 2, 5):
        layers = [
            (m.kernel_size[0], m.stride[0])
            for m in PatchDiscriminator(1, width=2, layers=n).modules()
            if hasattr(m, 'stride')
        ]
        assert patch(layers) == receptive_field(PatchDiscriminator(1, width=2, layers=n)), \
            "the library's discriminators"
    assert (in_front, at_end) == (72, 86), "72 and 86"

# %% wrong 18.2: the wrong direction
def patch(layers):
    side = 1
    for kernel, stride in layers: side = stride * (side - 1) + kernel
    return side
in_front, at_end = 72, 86

# %% wrong 18.2: the strides are missing
def patch(layers): return 1 + sum(kernel - 1 for kernel, _ in layers)
in_front, at_end = 72, 72

# %% wrong 18.2: that overlap
def patch(layers):
    side = 1
    for kernel, stride in layers[::-1]: side = side * stride + kernel
    return side
in_front, at_end = 72, 86

# %% wrong 18.2: in the *last* map
def patch(layers):
    side = 1
    for kernel, stride in layers[::-1]: side = (side - 1) * stride + kernel
    return side
in_front, at_end = 72, 72

# %% [markdown]
# ## 18.3 The game with a pair
# `says(given, image)` are the discriminator's logits for a pair. Write both losses: the discriminator learns to tell (given, true partner) from (given, made); the generator wants to be believed, **plus** `weight`
# times the mean absolute error. (`discriminator_loss(real, fake)` and `generator_loss(fake)` are imported.) The discriminator's lesson must not change the generator.

# %% answer 18.3 (2 points)
def d_loss(says, given, truth, made):
    "What the discriminator minimises."
    ### BEGIN SOLUTION
    return discriminator_loss(says(given, truth), says(given, made.detach()))
    ### END SOLUTION


def g_loss(says, given, truth, made, weight=100):
    "What the generator minimises."
    ### BEGIN SOLUTION
    return generator_loss(says(given, made)) + weight * (made - truth).abs().mean()
    ### END SOLUTION

# %% check 18.3
def check(d_loss, g_loss):
    given, truth = pair()
    made = (given * 0.5 - 0.2).requires_grad_()
    asked = []

    def says(a, b):
        asked.append((a.detach(), b.detach()))
        return 3 * (a * b).mean((1, 2, 3))

    is_shown = lambda image: any(torch.equal(b, image) for _, b in asked)
    loss = d_loss(says, given, truth, made)
    assert torch.is_tensor(loss) and loss.ndim == 0, "One number is wanted: a mean over all pairs."
    assert all(torch.equal(a, given) for a, _ in asked), (
        "What is `given` should be the same for both pairs. When a map is to be answered, nobody has the true partner "
        "yet.")
    assert is_shown(truth) and is_shown(made.detach()), \
        "The discriminator compares two pairs: given and true partner, given and made."
    real, fake = says(given, truth), says(given, made.detach())
    wanted = F.softplus(-real).mean() + F.softplus(fake).mean()
    assert abs(loss - wanted) < 1e-5, \
        f"The discriminator's loss should be {wanted:.4f} here, and is {loss:.4f}. Is what is real in its place?"
    assert not loss.requires_grad, (
        "Going back from the discriminator's loss one arrives at the generator: it would learn to be *recognised*. Cut "
        "it off.")
    cost = lambda y, weight: g_loss(says, given, truth, y, weight)
    believed = F.softplus(-says(given, made)).mean()
    assert abs(cost(made, 0) - believed) < 1e-5, (
        "With weight 0 only the discriminator's opinion of (given, made) should be left, and a *high* logit is good "
        "for the generator.")
    error = (cost(made, 10) - cost(made, 0)) / 10
    assert not torch.isclose(error, (made - truth).square().mean()), \
        "That is the squared error. The paper takes the other one because it makes less blur."
    assert not torch.isclose(error, (made - given).abs().mean()), \
        "The distance to what was *given* keeps the generator from translating at all."
    assert torch.isclose(error, (made - truth).abs().mean(), atol=1e-4), \
        f"The mean absolute error is {(made - truth).abs().mean():.4f}; weight 10 adds {10 * error:.4f} to yours."
    grad, = torch.autograd.grad(cost(made, 0), made, allow_unused=True) if cost(made, 0).requires_grad else (None,)
    assert grad is not None, \
        "The discriminator's opinion never reaches the generator: is the made image cut off here, too?"

# %% hidden 18.3
def hidden(d_loss, g_loss):
    given, truth = pair(1)
    sure = lambda a, b: 1000 * (a * b).mean((1, 2, 3))
    for loss in (d_loss, g_loss):
        assert torch.isfinite(loss(sure, given, truth, -truth)), "a discriminator that is far too sure"
    assert abs(g_loss(lambda a, b: torch.zeros(2, 1, 3, 3), given, truth, truth) - math.log(2)) < 1e-5, \
        "nothing but the discriminator's doubt when the image is right; logits of patches"


# %% wrong 18.3: nobody has the true partner yet
def d_loss(says, given, truth, made): return discriminator_loss(says(given, truth), says(truth, made.detach()))
def g_loss(says, given, truth, made, weight=100):
    return generator_loss(says(truth, made)) + weight * (made - truth).abs().mean()


# %% wrong 18.3: to be *recognised*
def d_loss(says, given, truth, made): return discriminator_loss(says(given, truth), says(given, made))
def g_loss(says, given, truth, made, weight=100):
    return generator_loss(says(given, made)) + weight * (made - truth).abs().mean()


# %% wrong 18.3: the squared error
def d_loss(says, given, truth, made): return discriminator_loss(says(given, truth), says(given, made.detach()))
def g_loss(says, given, truth, made, weight=100):
    return generator_loss(says(given, made)) + weight * (made - truth).square().mean()


# %% [markdown]
# ## 18.4 Find the bugs: the generator that learned to copy
# Here the discriminator takes both images as channels of one. The program trains without a complaint; its discriminator is soon right about nearly everything, and its generator gives back the map. There are **two**
# mistakes. `play(turn)` plays a few steps; play before and after you have fixed them.

# %%
def play(turn, steps=40):
    "A very small game; prints how it ends."
    torch.manual_seed(0)
    small = [F.avg_pool2d(x, 2) for x in (maps_train, photos_train)]
    G, D = UNet(3, width=8, widest=4, depth=3, dropout=0.0), PatchDiscriminator(3, width=8, layers=1)
    opts = [torch.optim.Adam(player.parameters(), lr, betas=(0.5, 0.999)) for player, lr in ((D, 0.002), (G, 0.004))]
    for k in range(steps):
        i = torch.randint(len(maps_train), (8,), generator=seeded_generator("play", k))
        for whose, opt in enumerate(opts):
            opt.zero_grad()
            losses = turn(G, D, small[0][i], small[1][i])
            losses[whose].backward()
            opt.step()
    given, truth = (x[:32] for x in small)
    made = G(given)
    to_photo, to_map = mae(made, truth).mean(), mae(made, given).mean()
    print(f"the discriminator's loss {losses[0]:.3f}; the answer's distance to the photograph {to_photo:.3f}, "
          f"to the map {to_map:.3f}")

# %% answer 18.4 (2 points)
def turn(G, D, given, truth):
    "The discriminator's and the generator's loss; all images `[B, C, H, W]`."
    ### BEGIN SOLUTION
    made = G(given)
    says = lambda image: D(torch.cat([given, image], 1))
    return (
        discriminator_loss(says(truth), says(made.detach())),
        generator_loss(says(made)) + 100 * (made - truth).abs().mean(),
    )
    ### STUDENT
    #: made = G(given)
    #: real, fake = D(torch.cat([given, truth], 1)), D(torch.cat([made.detach(), given], 1))
    #: content = (made - given).abs().mean()
    #: return discriminator_loss(real, fake), generator_loss(D(torch.cat([made, given], 1))) + 100 * content
    ### END SOLUTION

# %% check 18.4
def check(turn):
    given, truth = pair(shape=(2, 3, 4, 4))
    w, asked = torch.full((), 0.5, requires_grad=True), []

    def D(x):
        asked.append(x.detach())
        return x.mean((1, 2, 3))

    losses = turn(lambda x: w * x, D, given, truth)
    assert len(losses) == 2 and all(torch.is_tensor(v) and v.ndim == 0 for v in losses), \
        "Two numbers: the discriminator's loss and the generator's."
    assert all(x.shape == (2, 6, 4, 4) for x in asked), \
        "The discriminator should always be shown six channels: both images."
    halves = [[torch.equal(half, given) for half in x.chunk(2, 1)] for x in asked]
    assert all(any(h) for h in halves), "The discriminator isn't always shown what was given."
    assert all(h == halves[0] for h in halves), (
        "This discriminator can be right about every pair without looking at the *photograph* at all. In what else do "
        "the pairs differ that it is shown?")
    cost = lambda made: float(turn(lambda x: made, D, given, truth)[1])
    assert cost(truth) < cost(given), (
        f"A generator that gives the truth pays {cost(truth):.1f}, and one that gives back what it was shown "
        f"{cost(given):.1f}. Which of the two do you want?")
    assert abs(cost(truth) - float(F.softplus(-torch.cat([given, truth], 1).mean((1, 2, 3))).mean())) < 1e-4, \
        "A generator that gives the truth should pay only for the discriminator's doubt."
    assert not losses[0].requires_grad, \
        "The discriminator's loss reaches the generator: that part of the program was right."

# %% hidden 18.4
def hidden(turn):
    given, truth = pair(2, (2, 1, 4, 4))
    copied, right = (turn(lambda x: y, lambda x: x.new_zeros(2), given, truth)[1] for y in (given, truth))
    assert torch.isclose(copied - right, 100 * (given - truth).abs().mean(), rtol=1e-4), "the weight stays 100"

# %% wrong 18.4: In what else do the pairs differ
def turn(G, D, given, truth):
    made = G(given)
    real, fake = D(torch.cat([given, truth], 1)), D(torch.cat([made.detach(), given], 1))
    return (
        discriminator_loss(real, fake),
        generator_loss(D(torch.cat([made, given], 1))) + 100 * (made - truth).abs().mean(),
    )

# %% wrong 18.4: Which of the two do you want
def turn(G, D, given, truth):
    made = G(given)
    real, fake = D(torch.cat([given, truth], 1)), D(torch.cat([given, made.detach()], 1))
    return (
        discriminator_loss(real, fake),
        generator_loss(D(torch.cat([given, made], 1))) + 100 * (made - given).abs().mean(),
    )

# %%
play(turn)

# %% [markdown]
# ## 18.5 What a scanner measures
# A spin echo with repetition time $T_R$ and echo time $T_E$ gives $S = \rho\,(1 - e^{-T_R/T_1})\,e^{-T_E/T_2}$. Write it. Then put **C**SF (the fluid), **F**at, **G**rey and **W**hite matter in order, the
# brightest first, for $T_R = 500, T_E = 15$ (T1-weighted) and for $T_R = 4000, T_E = 90$ (T2-weighted; two are close). Two strings such as `"CFGW"`.
#
# | | $T_1$ / ms | $T_2$ / ms | $\rho$ |
# |---|---|---|---|
# | CSF | 2569 | 329 | 1 |
# | fat | 350 | 70 | 1 |
# | grey matter | 833 | 83 | 0.86 |
# | white matter | 500 | 70 | 0.77 |

# %% answer 18.5
def signal(t1, t2, density, tr, te):
    "Signal of a spin echo; times in ms."
    ### BEGIN SOLUTION
    return density * (1 - math.exp(-tr / t1)) * math.exp(-te / t2)
    ### END SOLUTION


### BEGIN SOLUTION
t1_weighted, t2_weighted = "FWGC", "CGFW"
### STUDENT
#: t1_weighted, t2_weighted = ..., ...
### END SOLUTION

# %% check 18.5
def check(signal, t1_weighted, t2_weighted):
    tissues = {"C": (2569, 329, 1), "F": (350, 70, 1), "G": (833, 83, 0.86), "W": (500, 70, 0.77)}
    assert abs(signal(500, 70, 0.77, 1e6, 0) - 0.77) < 1e-3, (
        "Who waits long before each pulse and reads at once measures the density. Yours doesn't: is one of the "
        "fractions upside down?")
    assert signal(500, 70, 1, 100, 0) < signal(500, 70, 1, 1000, 0), \
        "The longer the repetition time, the more has recovered. There is a 1 minus in it."
    assert signal(500, 70, 1, 1000, 90) < signal(500, 70, 1, 1000, 15), "The later the echo, the less is left."
    assert abs(signal(500, 70, 0.77, 500, 15) - 0.39284) < 1e-4, (
        f"White matter, T1-weighted, should give 0.393; yours {signal(500, 70, 0.77, 500, 15):.3f}. Which time belongs "
        "to which?")
    for name, order in (("first", t1_weighted), ("second", t2_weighted)):
        assert isinstance(order, str) and sorted(order) == list("CFGW"), \
            f"The {name} order should be a string with the four letters, once each."
    by = lambda tr, te: "".join(sorted(tissues, key=lambda k: -signal(*tissues[k], tr, te)))
    assert t1_weighted != by(500, 15)[::-1] and t2_weighted != by(4000, 90)[::-1], "The brightest first, please."
    assert t1_weighted != t2_weighted, \
        "One order for both? Then nobody would need the second scan. Look at the fluid's two times."
    assert t1_weighted == by(500, 15), "T1-weighted: who has recovered fastest is brightest. Your `signal` can tell."
    assert t2_weighted == by(4000, 90), (
        "T2-weighted: with such a long repetition almost all have recovered, and what counts is who fades slowest; "
        "where two fade alike, the density. Your `signal` can tell.")

# %% hidden 18.5
def hidden(signal, t1_weighted, t2_weighted):
    from recon.synthetic_sets import TISSUES, spin_echo

    for values in TISSUES.values():
        assert abs(signal(*values, 2000, 40) - spin_echo(*values, 2000, 40)) < 1e-9, "all tissues of the phantoms"
    assert (t1_weighted, t2_weighted) == ("FWGC", "CGFW"), "FWGC and CGFW"

# %% wrong 18.5: upside down
def signal(t1, t2, density, tr, te): return density * (1 - math.exp(-t1 / tr)) * math.exp(-te / t2)
t1_weighted, t2_weighted = "FWGC", "CGFW"

# %% wrong 18.5: Look at the fluid's two times
def signal(t1, t2, density, tr, te): return density * (1 - math.exp(-tr / t1)) * math.exp(-te / t2)
t1_weighted, t2_weighted = "FWGC", "FWGC"

# %% wrong 18.5: where two fade alike
def signal(t1, t2, density, tr, te): return density * (1 - math.exp(-tr / t1)) * math.exp(-te / t2)
t1_weighted, t2_weighted = "FWGC", "CFGW"

# %% [markdown]
# ## 18.6 The best table, and who can beat it
# A table gives for each of the 256 brightnesses of T1 one brightness of T2. Write the one with the smallest squared error; a brightness that was never seen gets 0. Then predict which of these **can**
# have a smaller squared error than your table *on the images it was made from*:
#
# **A** a smooth curve, such as a polynomial of degree 9, **B** a table of medians, **C** two of your tables, one for the inner and one for the outer half of the head, **D** matching the two
# histograms, **E** a table for each *pair* of a pixel's brightness and the mean of its eight neighbours

# %% answer 18.6 (2 points)
def best_table(given, wanted):
    "`[256]`, from images of one shape in [-1, 1]; brightness -1 is row 0, 1 is row 255."
    ### BEGIN SOLUTION
    level = ((given + 1) * 127.5).round().long().flatten()
    total = torch.bincount(level, weights=wanted.flatten().double(), minlength=256)
    return (total / torch.bincount(level, minlength=256).clamp(min=1)).float()
    ### END SOLUTION


can_beat = {"C", "E"}  ### SOLUTION

# %% check 18.6
def check(best_table, can_beat):
    generator = torch.Generator().manual_seed(0)
    level = torch.randint(0, 200, (3, 1, 8, 8), generator=generator)
    level[0, 0, 0] = 7
    given, wanted = level / 127.5 - 1, torch.rand(3, 1, 8, 8, generator=generator) ** 3 * 2 - 1
    table = best_table(given, wanted)
    assert torch.is_tensor(table) and table.shape == (256,), "256 numbers are wanted, shape [256]."
    assert table.isfinite().all() and (table[200:] == 0).all(), \
        "Brightnesses that never occur should get 0; dividing by how often they occur doesn't work there."
    seen = wanted[level == 7]
    assert not abs(table[7] - seen.median()) < 1e-4, "That is the median: the favourite of the *absolute* error."
    assert not abs(table[7] - seen.sum() / level.numel()) < 1e-4, \
        "Divide by how often this brightness was seen, not by the number of all pixels."
    assert abs(table[7] - seen.mean()) < 1e-4, (
        f"In the example brightness 7 was seen {len(seen)} times, and your row isn't what squared error wants for "
        "these.")
    assert (
        abs(
            table
            - torch.stack([wanted[level == k].mean() if (level == k).any() else torch.zeros(()) for k in range(256)])
        ).max()
        < 1e-4
    ), "Right for one row, wrong for others: rounding?"
    assert isinstance(can_beat, (set, list, tuple)) and set(can_beat) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\"}."
    assert not set(can_beat) & set("ABD"), \
        "One of yours still gives one answer to one brightness, however cleverly chosen: it *is* a table."
    assert set(can_beat) == {"C", "E"}, \
        "One more may give two answers to one brightness. What does it know that the brightness doesn't say?"

# %% hidden 18.6
def hidden(best_table, can_beat):
    from recon.baselines import build_baseline
    from recon.data import load_data

    a, b = load_data("phantoms", "test").stack()
    level = ((a + 1) * 127.5).round().long()
    assert (best_table(a, b)[level] - build_baseline("pointwise").fit(b, a)(a)).abs().max() < 1e-4 and set(
        can_beat
    ) == {"C", "E"}, "as in the library; C and E"

# %% wrong 18.6: the favourite of the *absolute* error
def best_table(given, wanted):
    level = ((given + 1) * 127.5).round().long()
    return torch.stack([wanted[level == k].median() if (level == k).any() else torch.zeros(()) for k in range(256)])
can_beat = {"C", "E"}

# %% wrong 18.6: not by the number of all pixels
def best_table(given, wanted):
    level = ((given + 1) * 127.5).round().long()
    return torch.stack([(wanted * (level == k)).mean() for k in range(256)])
can_beat = {"C", "E"}

# %% wrong 18.6: it *is* a table
def best_table(given, wanted):
    level = ((given + 1) * 127.5).round().long()
    return torch.stack([wanted[level == k].mean() if (level == k).any() else torch.zeros(()) for k in range(256)])
can_beat = {"A", "C", "E"}

# %%
level = lambda x: ((x + 1) * 127.5).round().long()
by = lambda key, x: torch.bincount(key.flatten(), weights=x.flatten().double(), minlength=256**2)
y, x = torch.meshgrid(*2 * [torch.linspace(-1, 1, 64)], indexing="ij")
outer = ((y / 0.86) ** 2 + (x / 0.70) ** 2).sqrt() > 0.7
around = (F.avg_pool2d(t1_train, 3, 1, 1) * 9 - t1_train) / 8
powers = t1_train.flatten().double()[:, None] ** torch.arange(10)
curve = powers @ torch.linalg.lstsq(powers.T @ powers, powers.T @ t2_train.flatten().double()[:, None]).solution
middle = torch.stack(
    [t2_train[level(t1_train) == k].median() if (level(t1_train) == k).any() else torch.zeros(()) for k in range(256)]
)
table = best_table(t1_train, t2_train)
halves = torch.stack(
    [best_table(t1_train[..., ~outer], t2_train[..., ~outer]), best_table(t1_train[..., outer], t2_train[..., outer])]
)
key = level(t1_train) * 256 + level(around.clamp(-1, 1)) // 8 * 8
pairs = (by(key, t2_train) / by(key, torch.ones_like(t2_train)).clamp(min=1)).float()
tried = {
    "the best table": table[level(t1_train)],
    "A polynomial": curve.view_as(t2_train).float(),
    "B medians": middle[level(t1_train)],
    "C inner and outer": halves[outer.long(), level(t1_train)],
    "D histograms": build_baseline("histogram_match").fit(t2_train, t1_train)(t1_train),
    "E with neighbours": pairs[key],
}
for name, made in tried.items(): print(f"{name:18} squared error {(made - t2_train).square().mean():.4f}")

# %% [markdown]
# ## 18.7 Decibels inside the head
# Half of a scan is black air, in T1 as in T2, and no achievement. Write the PSNR of the pixels where `inside` is 1, for **each** image, in [0, 1] with the peak 1.

# %% answer 18.7
def psnr_inside(made, truth, inside):
    "`[B]` in dB, from images `[B, 1, H, W]` in [-1, 1] and a mask of the same shape."
    ### BEGIN SOLUTION
    squared = ((made - truth) / 2).square() * inside
    return -10 * (squared.sum((1, 2, 3)) / inside.sum((1, 2, 3))).log10()
    ### END SOLUTION

# %% check 18.7
def check(psnr_inside):
    truth, made = pair(3, (3, 1, 8, 8))
    inside = (
        torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(4))
        > torch.tensor([0.2, 0.5, 0.8]).view(3, 1, 1, 1)
    ).float()
    squared = ((made - truth) / 2).square()
    p = psnr_inside(made, truth, inside)
    wanted = torch.stack([-10 * s[m > 0].mean().log10() for s, m in zip(squared, inside)])
    assert torch.is_tensor(p) and p.shape == (3,), \
        "One number for each image, shape [3]: a mean over the batch comes later, and over decibels."
    assert not torch.allclose(p, -10 * (squared * inside).mean((1, 2, 3)).log10(), atol=1e-3), \
        "The pixels outside are zero, but they are still counted: divide by how many there are *inside*."
    assert not torch.allclose(p, wanted - 20 * math.log10(2), atol=1e-3), \
        "6 dB too low: the images are in [-1, 1], and the peak 1 belongs to [0, 1]."
    assert not torch.allclose(p, -10 * squared.mean((1, 2, 3)).log10(), atol=1e-3), "The mask has no effect."
    assert not torch.allclose(p, -10 * ((squared * inside).sum((1, 2, 3)) / inside.sum() * 3).log10(), atol=1e-3), \
        "Each image has a head of its own size: divide by its own number of pixels."
    assert torch.allclose(p, wanted, atol=1e-3), f"The first image should have {wanted[0]:.2f} dB, and has {p[0]:.2f}."

# %% hidden 18.7
def hidden(psnr_inside):
    from recon.data import load_data
    from recon.metrics import head_mask, psnr_head

    a, b = load_data("phantoms", "test").stack()
    assert torch.allclose(psnr_inside(a, b, head_mask(b)), psnr_head(a, b), atol=1e-3), "as in the library"

# %% wrong 18.7: still counted
def psnr_inside(made, truth, inside): return -10 * (((made - truth) / 2).square() * inside).mean((1, 2, 3)).log10()


# %% wrong 18.7: 6 dB too low
def psnr_inside(made, truth, inside):
    return -10 * (((made - truth).square() * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3))).log10()


# %% wrong 18.7: over decibels
def psnr_inside(made, truth, inside): return -10 * ((made - truth) / 2)[inside > 0].square().mean().log10()

# %%
made = best_table(t1_train, t2_train)[level(t1)]
for name, inside in {"everywhere": torch.ones_like(t2), "inside the head": head_mask(t2)}.items():
    print(f"the best table, {name}: {psnr_inside(made, t2, inside).mean():.1f} dB ({inside.mean():.0%} of the pixels)")

# %% [markdown]
# ## 18.8 Predict: what happens to the joints
# A brick wall: every fourth row is a joint of 0.4, the bricks are 0.8, and the map doesn't say at which of the four heights the joints begin; all are equally likely. Which brightness does the absolute error
# want for a pixel (`by_l1`), which the squared error (`by_l2`)? A third answer pleases the discriminator: a wall with sharp joints, at a height by lot. How many times as large as that of the `by_l1` wall is its
# expected absolute error (`price`)? Then run the cell below.

# %% answer 18.8 (2 points)
### BEGIN SOLUTION
by_l1, by_l2 = 0.8, (3 * 0.8 + 0.4) / 4
price = (3 / 4 * 1 / 2 * 0.4) / (1 / 4 * 0.4)
### STUDENT
#: by_l1, by_l2 = ..., ...
#: price = ...
### END SOLUTION

# %% check 18.8
def check(by_l1, by_l2, price):
    close = lambda a, b: abs(a - b) < 1e-3
    assert not close(by_l1, 0.7), (
        "0.7 is the mean. The absolute error doesn't want it: go from 0.7 a little upwards; three cases in four gain "
        "what one loses.")
    assert not close(by_l2, 0.8) and not close(by_l2, 0.6), \
        "The squared error wants the mean of all cases, and they aren't half and half."
    assert close(by_l1, 0.8), \
        "A pixel is 0.8 in three cases of four and 0.4 in one. Where is the sum of the distances smallest?"
    assert close(by_l2, 0.7), "The squared error wants the mean of the four cases."
    assert not close(price, 2), "A quarter of the draws hits the right height and has no error at all."
    assert not close(price, 0.75), \
        "How many rows in four are wrong when the height is wrong: only the one where you have put a joint?"
    assert price > 1, "By definition no answer has a smaller expected absolute error than `by_l1`."
    assert close(price, 1.5), (
        "Not yet: the probability of a wrong height, times the share of rows that are then wrong, against the share "
        "that the wall without joints gets wrong.")

# %% hidden 18.8
def hidden(by_l1, by_l2, price):
    assert abs(by_l1 - 0.8) + abs(by_l2 - 0.7) + abs(price - 1.5) < 1e-3, "0.8, 0.7 and 1.5"

# %% wrong 18.8: three cases in four gain
by_l1, by_l2, price = 0.7, 0.7, 1.5

# %% wrong 18.8: hits the right height
by_l1, by_l2, price = 0.8, 0.7, 2

# %% wrong 18.8: only the one
by_l1, by_l2, price = 0.8, 0.7, 0.75

# %%
rows = torch.arange(32).view(32, 1).expand(32, 32)
walls = torch.stack([torch.where((rows + k) % 4 == 0, 0.4, 0.8) for k in range(4)])
answers = {
    "L1": walls.flatten(1).median(0)[0].view(32, 32).expand(4, 32, 32),
    "squared": walls.mean(0).expand(4, 32, 32),
}
_ = show_rows({name: y[:, None] * 2 - 1 for name, y in {"possible": walls, **answers}.items()}, n=4, width=4)
for name, y in {**answers, "by lot": walls}.items():
    error = torch.stack([(y[i] - truth).abs().mean() for i in range(4) for truth in walls]).mean()
    print(f"{name:8} expected absolute error {error:.3f}, contrast {y.std((1, 2)).mean():.3f}")

# %% [markdown]
# ## 18.9 Read a table: the thief
# Four answers to the same house maps, none made by a network. *Flat paint* gives each part of the map (sky, wall, window …) its median colour. The *thief* takes the photograph of the training house whose map is most
# similar. *Another's house* are the true photographs, handed out to the wrong maps. Two numbers: the absolute error, and a kernel distance (KID) between the set of answers and the set of photographs; smaller is better in both.

# %%
parts = torch.tensor([(0, 0, 170), (0, 0, 255), (0, 85, 255), (0, 170, 255), (255, 85, 0), (85, 255, 170)]) / 127.5 - 1
part_of = lambda x: (x[:, None] - parts.view(1, 6, 3, 1, 1)).square().sum(2).argmin(1)
paint = torch.stack([photos_train.permute(0, 2, 3, 1)[part_of(maps_train) == k].median(0)[0] for k in range(6)])
tried = {
    "mean image": build_baseline("mean").fit(photos_train, maps_train)(maps),
    "flat paint": paint[part_of(maps)].permute(0, 3, 1, 2),
    "thief": build_baseline("nearest_pair").fit(photos_train, maps_train)(maps),
    "another's house": photos.roll(1, 0),
}
_ = show_rows({"map": maps, "photograph": photos, **tried}, n=6, width=7)
for name, made in tried.items():
    print(f"{name:16} absolute error {mae(made, photos).mean():.3f}, KID {cifar10_kid(made, photos):+.3f}")

# %% [markdown]
# Which statements hold? Give the set of letters.
#
# **A** the smallest KID marks the best translator, **B** the smallest absolute error does, **C** exchange the answers among the maps as you like: KID stays the same, **D** a translator that has learned
# something beats the thief in absolute error, and flat paint in KID, **E** a program that reads the map back from the answers would notice *another's house*

# %% answer 18.9
hold = {"C", "D", "E"}  ### SOLUTION

# %% check 18.9
def check(hold):
    assert isinstance(hold, (set, list, tuple)) and len(set(hold)) and set(hold) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\"}."
    assert "A" not in hold, \
        "By KID nothing is better than perfect photographs of the wrong houses. Would you hand them to the architect?"
    assert "B" not in hold, "By absolute error flat paint wins, and nobody would take it for a photograph."
    assert "C" in hold, (
        "What does KID compare: each answer with its partner, or two distributions? The last row of the table is an "
        "example.")
    assert "E" in hold, \
        "Compare the maps of the first two houses. If the answer shows the second, which map will be read?"
    assert "D" in hold, (
        "Each baseline is good in one column and bad in the other. What would a translator have to do to be better "
        "than a thief *and* than a painter of flat areas?")

# %% hidden 18.9
def hidden(hold): assert set(hold) == {"C", "D", "E"}, "C, D and E"

# %% wrong 18.9: hand them to the architect
hold = {"A", "C"}

# %% wrong 18.9: flat paint wins
hold = {"B", "C", "D", "E"}

# %% wrong 18.9: two distributions
hold = {"D", "E"}

# %% [markdown]
# ## 18.10 Design an experiment: the lesion
# A colleague wants to spare patients the T2 scan and shows you her 30 dB. Design a test. `translate` makes T2 from T1. Paint a lesion into both scans of a healthy head, where `spot` is 1: brightness `in_t1` and
# `in_t2`. Return how much of the lesion survives: the **change** of the answer in the spot because of the lesion, divided by the change of the true T2 there (means over the spot). 1 is as in truth, 0 is gone.
#
# Then decide which trial tells her most: **A** 30 dB on a thousand more healthy heads, **B** lesions that only T2 shows, **C** lesions that are as dark in T1 as they are bright in T2, like fluid, **D** asking radiologists
# which T2 scan looks more real.

# %% answer 18.10 (2 points)
def survives(translate, t1, t2, spot, in_t1, in_t2):
    "Share of the lesion's contrast that the answer shows; scans and spot `[1, 1, H, W]`, brightness in [-1, 1]."
    ### BEGIN SOLUTION
    ill_t1, ill_t2 = (torch.where(spot > 0, torch.tensor(value), x) for x, value in ((t1, in_t1), (t2, in_t2)))
    answered, true = translate(ill_t1) - translate(t1), ill_t2 - t2
    return (answered[spot > 0].mean() / true[spot > 0].mean()).item()
    ### END SOLUTION


trial = "B"  ### SOLUTION

# %% check 18.10
def check(survives, trial):
    t1, t2 = pair(5, (1, 1, 12, 12))
    spot = torch.zeros(1, 1, 12, 12)
    spot[..., 3:6, 4:8] = 1
    kept = t1.clone(), t2.clone()
    true = (0.9 - t2[spot > 0]).mean().item()
    share = lambda translate, value=-0.7: float(survives(translate, t1, t2, spot, value, 0.9))
    def want(translate, value=-0.7):
        change = translate(torch.where(spot > 0, torch.tensor(value), t1)) - translate(t1)
        return change[spot > 0].mean().item() / true
    mirror, always = lambda x: -x, lambda x: 0 * x + 0.4
    assert abs(share(always)) < 1e-4, (
        "This translator answers every head with the same grey, so nothing of a lesion can survive. Yours sees "
        "something: what is the answer of the *same* head without the lesion?")
    assert not abs(share(mirror) - (-0.9 - (-t1)[spot > 0].mean().item()) / true) < 1e-4, \
        "T1 got the lesion's brightness of T2. Would a real scanner show it so?"
    whole = lambda x: x + 0.3 * (x - F.avg_pool2d(x, 5, 1, 2))
    changed = whole(torch.where(spot > 0, torch.tensor(-0.7), t1)) - whole(t1)
    assert not abs(share(whole) - changed.mean().item() / (true * spot.mean().item())) < 1e-4, \
        "The mean goes over the whole head. What the answer does elsewhere isn't the lesion."
    for translate in (mirror, whole, lambda x: 0.5 * x + 0.2):
        assert abs(share(translate) - want(translate)) < 1e-3, (
            f"Of this translator's lesion {want(translate):.2f} of the contrast should survive, and yours says "
            f"{share(translate):.2f}.")
    assert torch.equal(t1, kept[0]) and torch.equal(t2, kept[1]), \
        "The healthy scans were painted over: the next lesion will find this one there."
    assert trial in ("A", "B", "C", "D"), "Answer with a letter."
    assert trial != "A", (
        "A thousand healthy heads contain no lesion. The number would come out the same for a translator that heals "
        "everybody.")
    assert trial != "C", \
        "What T1 shows so plainly is the easy case: there the T2 scan would be spared at no loss anyway."
    assert trial != "D", "They will say how believable it looks. A healthy answer to an ill head is most believable."

# %% hidden 18.10
def hidden(survives, trial):
    t1, t2 = pair(6, (1, 1, 9, 9))
    spot = torch.zeros(1, 1, 9, 9)
    spot[..., 4, 4] = 1
    unseen = survives(lambda x: x.roll(0), t1, t2, spot, t1[0, 0, 4, 4].item(), 0.95)
    assert abs(unseen) < 1e-5 and trial == "B", "a lesion that T1 doesn't show; B"

# %% wrong 18.10: without the lesion
def survives(translate, t1, t2, spot, in_t1, in_t2):
    ill = torch.where(spot > 0, torch.tensor(in_t1), t1)
    return ((translate(ill) - t2)[spot > 0].mean() / (in_t2 - t2)[spot > 0].mean()).item()
trial = "B"

# %% wrong 18.10: brightness of T2. Would
def survives(translate, t1, t2, spot, in_t1, in_t2):
    ill = torch.where(spot > 0, torch.tensor(in_t2), t1)
    return ((translate(ill) - translate(t1))[spot > 0].mean() / (in_t2 - t2)[spot > 0].mean()).item()
trial = "B"

# %% wrong 18.10: heals everybody
def survives(translate, t1, t2, spot, in_t1, in_t2):
    ill = torch.where(spot > 0, torch.tensor(in_t1), t1)
    return ((translate(ill) - translate(t1))[spot > 0].mean() / (in_t2 - t2)[spot > 0].mean()).item()
trial = "A"

# %%
head, healthy = t1[3:4], t2[3:4]
rows, columns = torch.meshgrid(*2 * [torch.arange(64)], indexing="ij")
white = (
    F.avg_pool2d(((head > 0.35) & (head_mask(healthy) > 0)).float(), 7, 1, 3)[0, 0]
    * ((rows - 32).abs() < 18)
    * ((columns - 32).abs() < 18)
)
spot = ((rows - white.argmax() // 64) ** 2 + (columns - white.argmax() % 64) ** 2 < 2.5**2)[None, None].float()
by_table = lambda x: best_table(t1_train, t2_train)[level(x)]
ill = torch.where(spot > 0, torch.tensor(0.7), healthy)
before, after = (psnr_head(by_table(t1), torch.cat([t2[:3], x, t2[4:]])) for x in (healthy, ill))
print(f"a lesion in T2 alone: the answer stays the same; decibels of this head {before[3]:.1f}, then {after[3]:.1f}; "
      f"mean of the {len(t1)} heads {before.mean():.2f}, then {after.mean():.2f}")
same = head[spot > 0].mean().item()
fluid = 1.6 * spin_echo(*TISSUES["csf"], 500, 15) / spin_echo(*TISSUES["white matter"], 500, 15) - 1
for name, in_t1 in {"as bright as before": same, "a little darker": same - 0.2, "dark like fluid": fluid}.items():
    share = round(survives(by_table, head, healthy, spot, in_t1, 0.7), 2) + 0.0
    print(f"a lesion that is {name:19} in T1: {share:.0%} of it survives in the table's answer")
print("T1, the patient's T2, and what the table makes of T1:")
_ = show_rows({"": torch.cat([head, ill, by_table(head)])}, n=3, width=5)
