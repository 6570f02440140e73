# %% [markdown]
# # Exercise 15: the ResNet GAN
# Nine tasks, about an hour and a quarter: a shortcut, a penalty, a critic that stays a teacher, and how loud it may be.

# %%
import torch
from torch import nn
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.losses import gradient_penalty
from recon.metrics import gradient_energy, measure
from recon.models.gan import DCGANDiscriminator
from recon.models.resnet_gan import ResNetGenerator

# %% for checks
import torch
from torch import nn

# %% [markdown]
# ## 15.1 The shortcut
# Write the forward pass of a residual block: what `body` makes of the input is *added* to the input.

# %% answer 15.1
class Block(nn.Module):
    "A residual block around any body that keeps the shape."

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        ### BEGIN SOLUTION
        return x + self.body(x)
        ### END SOLUTION

# %% check 15.1
def check(Block):
    x = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    y = Block(nn.Identity())(x.clone())
    assert torch.is_tensor(y), "The forward pass gives nothing back yet."
    assert y.shape == x.shape, f"The shape should stay [2, 3, 5, 5] and is {list(y.shape)}: added, not stacked."
    nothing = nn.Conv2d(3, 3, 3, 1, 1)
    for p in nothing.parameters(): nn.init.zeros_(p)
    assert torch.allclose(Block(nothing)(x), x), (
        "A body that gives zeros should leave the input as it is (also its negative values). Then the gradient has a "
        "way straight through.")
    assert torch.allclose(y, 2 * x), "With a body that changes nothing the output is twice the input."

# %% hidden 15.1
def hidden(Block):
    x = torch.ones(1, 2, requires_grad=True)
    deep = nn.Sequential(*(Block(nn.Linear(2, 2)) for _ in range(40)))
    for p in deep.parameters(): nn.init.zeros_(p)
    deep(x).sum().backward()
    assert torch.equal(x.grad, torch.ones(1, 2)), "the gradient arrives"

# %% wrong 15.1: should leave the input
class Block(nn.Module):
    def __init__(self, body): super().__init__(); self.body = body
    def forward(self, x): return self.body(x)

# %% wrong 15.1: added, not stacked
class Block(nn.Module):
    def __init__(self, body): super().__init__(); self.body = body
    def forward(self, x): return torch.cat([x, self.body(x)], 1)

# %% wrong 15.1: also its negative values
class Block(nn.Module):
    def __init__(self, body): super().__init__(); self.body = body
    def forward(self, x): return F.relu(x + self.body(x))

# %% [markdown]
# ## 15.2 The checkerboard, counted
# A transposed convolution lays a kernel of `kernel` pixels down every `stride` pixels. On a line: place number $i$ covers the pixels
# $i\cdot$`stride` … $i\cdot$`stride` + `kernel` - 1. How often is each pixel covered by `n` places? Return a list; it has
# (n - 1)·stride + kernel entries.

# %% answer 15.2
def cover(n, kernel, stride):
    "How many kernels lie on each pixel of the line."
    ### BEGIN SOLUTION
    counts = [0] * ((n - 1) * stride + kernel)
    for i in range(n):
        for j in range(kernel): counts[i * stride + j] += 1
    return counts
    ### END SOLUTION

# %% check 15.2
def check(cover):
    c = [int(v) for v in cover(4, 3, 2)]
    assert len(c) == 9, f"Four kernels of 3, two pixels apart, reach over 9 pixels; yours over {len(c)}."
    assert sum(c) == 12, f"Four kernels lay down three values each, 12 in all; yours {sum(c)}."
    assert c == [1, 1, 2, 1, 2, 1, 2, 1, 1], f"Where do two neighbouring kernels overlap? Draw them; yours is {c}."

# %% hidden 15.2
def hidden(cover):
    assert list(cover(4, 4, 2))[2:-2] == [2] * 6 and list(cover(3, 2, 2)) == [1] * 6, \
        "a kernel that is a multiple of the stride is even"

# %% wrong 15.2: three values each
def cover(n, kernel, stride):
    counts = [0] * ((n - 1) * stride + kernel)
    for i in range(n): counts[i * stride] += 1
    return counts

# %% wrong 15.2: reach over 9 pixels
def cover(n, kernel, stride):
    counts = [0] * (n + kernel - 1)
    for i in range(n):
        for j in range(kernel): counts[i + j] += 1
    return counts

# %%
for kernel in (3, 4, 5, 6): print(f"kernel {kernel}, stride 2:", cover(8, kernel, 2))

# %% [markdown]
# ## 15.3 The gradient penalty
# Between each real and made image take one point $\hat x = \epsilon x + (1-\epsilon)\tilde x$ with an $\epsilon$ **of its own** (`epsilon`, `[B, 1, 1, 1]`, is
# given here so that nothing is random), and charge the critic $(\lVert\nabla D(\hat x)\rVert_2 - 1)^2$, averaged over the batch. The
# result is a loss: a gradient must flow through it to the critic's weights.

# %% answer 15.3 (2 points)
def penalty(critic, real, made, epsilon):
    "How far the critic's slope is from 1 between real and made images."
    ### BEGIN SOLUTION
    between = (epsilon * real + (1 - epsilon) * made).detach().requires_grad_()
    slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
    ### END SOLUTION

# %% check 15.3
def check(penalty):
    generator = torch.Generator().manual_seed(0)
    real, made, epsilon = (
        torch.randn(6, 1, 4, 4, generator=generator),
        torch.randn(6, 1, 4, 4, generator=generator),
        torch.rand(6, 1, 1, 1, generator=generator),
    )
    weight = torch.full((1, 16), 0.75, requires_grad=True)     # a plane with the slope 3
    plane = lambda x: x.flatten(1) @ weight.T
    value = penalty(plane, real, made, epsilon)
    assert torch.is_tensor(value) and value.ndim == 0, "One number is wanted, the mean over the batch."
    assert not abs(value.item() - (3 * 6**0.5 - 1) ** 2) < 1e-3, \
        "You take the norm over the whole batch. Every image has a slope of its own."
    assert abs(value.item() - 4) < 1e-3, (
        f"A plane with the slope 3 has a penalty of (3 - 1)² = 4 everywhere; yours is {value.item():.3f}. The norm "
        "over all pixels of an image, minus 1, squared?")
    assert value.requires_grad, (
        "No gradient flows back to the critic's weights. Taking a gradient doesn't keep its own graph, unless it is "
        "asked to.")
    assert torch.autograd.grad(value, weight)[0].abs().sum() > 0, "No gradient flows back to the critic's weights."
    square = lambda x: 0.5 * x.flatten(1).square().sum(1, keepdim=True)  # slope: the point itself
    point = (epsilon * real + (1 - epsilon) * made).flatten(1).norm(dim=1)
    assert abs(penalty(square, real, made, epsilon).item() - (point - 1).square().mean().item()) < 1e-4, \
        "The slope is taken at the wrong points. ε times the real one, 1 - ε times the made one."

# %% hidden 15.3
def hidden(penalty):
    from recon.models.gan import DCGANDiscriminator

    torch.manual_seed(0)
    critic = DCGANDiscriminator(width=4, norm=False)
    value = penalty(critic, torch.randn(3, 1, 28, 28), torch.randn(3, 1, 28, 28), torch.rand(3, 1, 1, 1))
    value.backward()
    assert value.isfinite() and next(critic.parameters()).grad.abs().sum() > 0, "works with the chapter's critic"

# %% wrong 15.3: over the whole batch
def penalty(critic, real, made, epsilon):
    between = (epsilon * real + (1 - epsilon) * made).detach().requires_grad_()
    return (torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0].norm() - 1).square()

# %% wrong 15.3: doesn't keep its own graph
def penalty(critic, real, made, epsilon):
    between = (epsilon * real + (1 - epsilon) * made).detach().requires_grad_()
    return (torch.autograd.grad(critic(between).sum(), between)[0].flatten(1).norm(dim=1) - 1).square().mean()

# %% wrong 15.3: at the wrong points
def penalty(critic, real, made, epsilon):
    between = made.detach().clone().requires_grad_()
    return (
        (torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0].flatten(1).norm(dim=1) - 1)
        .square()
        .mean()
    )

# %% [markdown]
# ## 15.4 The slope of a layer
# **Spectral norm** divides a layer's matrix by its largest singular value. Nobody computes all of them in every step: start with some vector $v$,
# and again and again $u = Wv$, $v = W^\top u$, each scaled to length 1. Then $u^\top W v$ is the largest. Write it.

# %% answer 15.4
def spectral(weight, rounds=200):
    "The largest singular value of a matrix `[N, M]`, by power iteration; a number."
    v = torch.ones(weight.shape[1]) / weight.shape[1] ** 0.5
    ### BEGIN SOLUTION
    for _ in range(rounds):
        u = F.normalize(weight @ v, dim=0)
        v = F.normalize(weight.T @ u, dim=0)
    return (u @ weight @ v).item()
    ### END SOLUTION

# %% check 15.4
def check(spectral):
    w = torch.tensor([[3.0, 0.0, 0.0], [0.0, 2.0, 1.0]])
    value = float(spectral(w))
    assert not abs(value - w.norm().item()) < 1e-3, \
        "That is the length of all numbers together (Frobenius). It bounds the slope, but isn't it."
    assert not abs(value - 9) < 1e-2, "That is its square: u must be scaled to length 1 as well as v."
    assert abs(value - 3) < 1e-3, \
        f"The largest singular value of [[3, 0, 0], [0, 2, 1]] is 3, and yours is {value:.4f}."
    large = float(spectral(1e4 * w))
    assert large == large and abs(large / 3e4 - 1) < 1e-3, \
        "With larger numbers it runs away to infinity: scale both vectors in every round."

# %% hidden 15.4
def hidden(spectral):
    w = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    assert abs(spectral(w, 500) - torch.linalg.matrix_norm(w, 2).item()) < 1e-2, "as torch.linalg"

# %% wrong 15.4: Frobenius
def spectral(weight, rounds=200): return weight.norm().item()

# %% wrong 15.4: scaled to length 1 as well
def spectral(weight, rounds=200):
    v = torch.ones(weight.shape[1])
    for _ in range(rounds): v = F.normalize(weight.T @ (weight @ v), dim=0)
    return (weight @ v @ (weight @ v)).item()

# %% [markdown]
# ## 15.5 Earth on a line
# On a line, the Wasserstein distance of two sets of equal size is the mean distance that points have to be carried, if each is carried to the
# right place. Write it for two tensors `[N]`.

# %% answer 15.5
def carried(a, b):
    "The Wasserstein distance of two sets on a line, as a number."
    ### BEGIN SOLUTION
    return (a.sort().values - b.sort().values).abs().mean().item()
    ### END SOLUTION

# %% check 15.5
def check(carried):
    a = torch.tensor([0.0, 1.0, 2.0, 3.0])
    same = float(carried(a, a.flip(0)))
    assert abs(same) < 1e-6, (
        f"The same four points in another order are the same set: nothing has to be carried; yours says {same:.2f}. "
        "Who goes where?")
    value = float(carried(a, a + torch.tensor([0.0, 0.0, 0.0, 4.0])))
    assert not abs(value - 4) < 1e-6, "Squared distances: that is another distance. Here each metre costs the same."
    assert abs(value - 1) < 1e-6, f"One of four points is carried by 4: 1 on average; yours is {value:.2f}."
    assert abs(carried(a, -a) - 3) < 1e-6, (
        "From {0, 1, 2, 3} to {-3, …, 0} every point goes 3 to the left; the difference of the means alone isn't "
        "always enough, nor are signs allowed to cancel.")

# %% hidden 15.5
def hidden(carried):
    assert abs(carried(torch.tensor([0.0, 0.0]), torch.tensor([-1.0, 1.0])) - 1) < 1e-6, "equal means, distance 1"

# %% wrong 15.5: Who goes where
def carried(a, b): return (a - b).abs().mean().item()

# %% wrong 15.5: each metre costs the same
def carried(a, b): return (a.sort().values - b.sort().values).square().mean().item()

# %% [markdown]
# ## 15.6 Find the bug: a critic that looks at the neighbours
# This critic is trained with a gradient penalty, and the penalty never settles. The penalty speaks of *one* image's slope. What is wrong with the
# critic? Fix it; it should keep its convolutions.

# %% answer 15.6
def make_critic(width=8):
    "A critic for images of 16 × 16."
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * width * 16, 1))
    ### STUDENT
    #: return nn.Sequential(
    #:     nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
    #:     nn.Conv2d(width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),
    #:     nn.Flatten(), nn.Linear(2 * width * 16, 1), nn.Sigmoid())
    ### END SOLUTION

# %% check 15.6
def check(make_critic):
    torch.manual_seed(0)
    critic, x = make_critic(8), torch.randn(4, 1, 16, 16)
    y = critic(x)
    assert y.shape == (4, 1), f"One number for each image, [4, 1]; yours has the shape {list(y.shape)}."
    other = x.clone()
    other[1:] = 3 * torch.randn(3, 1, 16, 16)
    assert torch.allclose(critic.train()(x)[0], critic.train()(other)[0], atol=1e-5), \
        "The answer for the first image depends on the others of the batch. Which layer mixes them?"
    assert sum(isinstance(m, nn.Conv2d) for m in critic.modules()) == 2, "It should keep its two convolutions."
    with torch.no_grad():
        for p in critic.parameters(): p.mul_(4)
        large = critic(20 * x)
    assert large.abs().max() > 1, (
        "However sure it is, it never says more than 1: flat wherever it is sure, and no height. What does a "
        "Wasserstein critic end with?")

# %% hidden 15.6
def hidden(make_critic): assert make_critic(4)(torch.zeros(1, 1, 16, 16)).shape == (1, 1), "one image is a batch, too"

# %% wrong 15.6: depends on the others
def make_critic(width=8):
    return nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1),
        nn.BatchNorm2d(2 * width, momentum=0.0),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * 16, 1),
    )

# %% wrong 15.6: flat wherever it is sure
def make_critic(width=8):
    return nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * 16, 1),
        nn.Sigmoid(),
    )

# %% [markdown]
# ## 15.7 Paste
# Where the mask (1 = missing) is known, everything outside is known too. Compose the answer, so that known pixels stay the same **bit for bit**.

# %% answer 15.7
def paste(known, answer, mask):
    "`answer` where the mask is 1, `known` elsewhere; `[B, C, H, W]`, the mask `[B, 1, H, W]`."
    ### BEGIN SOLUTION
    return torch.where(mask > 0, answer, known)
    ### END SOLUTION

# %% check 15.7
def check(paste):
    generator = torch.Generator().manual_seed(0)
    known, answer = torch.rand(2, 3, 8, 8, generator=generator), torch.rand(2, 3, 8, 8, generator=generator)
    mask = torch.zeros(2, 1, 8, 8)
    mask[..., 2:5, 3:6] = 1
    y, inside = paste(known, answer, mask), mask.expand_as(known) > 0
    assert y.shape == known.shape, f"The shape should stay [2, 3, 8, 8], and is {list(y.shape)}."
    assert not torch.equal(y[inside], known[inside]), "Exchanged: 1 means *missing*, and there the answer belongs."
    assert torch.equal(y[inside], answer[inside]) and torch.allclose(y[~inside], known[~inside]), \
        "Inside the answer, outside the known pixels."
    answer[0, 0, 0, 0] = float("nan")
    y = paste(known, answer, mask)
    assert torch.equal(y[~inside], known[~inside]), (
        "A pixel outside isn't the same, bit for bit, when the answer isn't a number there: 0 × NaN is NaN. Choose, "
        "don't multiply.")

# %% hidden 15.7
def hidden(paste):
    x = torch.rand(1, 1, 4, 4)
    assert torch.equal(paste(x, -x, torch.zeros(1, 1, 4, 4)), x), "nothing missing"
    assert torch.equal(paste(x, -x, torch.ones(1, 1, 4, 4)), -x), "everything missing"

# %% wrong 15.7: 1 means *missing*
def paste(known, answer, mask): return torch.where(mask > 0, known, answer)

# %% wrong 15.7: Choose, don't multiply
def paste(known, answer, mask): return (1 - mask) * known + mask * answer

# %% [markdown]
# ## 15.8 How loud may the critic be?
# The lecture's exercise. A small ResNet generator learns to take white rectangles off digits, first alone, then with a Wasserstein critic at the
# lecture's weight, at ten times, and at a hundred times the weight. A quarter of a minute, or a little more.

# %%
SPEC = "rectangle(size=(8, 12))"
train, test = (load_data("digits28", split, size=32).stack() for split in ("train", "test"))
test = test[:100]
covered = build_corruption(SPEC)(test, seeded_generator("test"))
seen, mask = covered
torch.manual_seed(0)
first = ResNetGenerator(channels=1, width=8, levels=3, blocks=2)


def fill(g, covered):
    "What a generator draws, pasted where the rectangle is known to be."
    return torch.where(covered.mask > 0, g.locate_and_inpaint(covered.image)[0], covered.image)


def play(state, weight, steps, lr):
    "Train a copy of a generator; a critic with the given weight, or none."
    torch.manual_seed(0)
    g = ResNetGenerator(channels=1, width=8, levels=3, blocks=2)
    critic = DCGANDiscriminator(size=32, width=8, norm=False)
    rng = seeded_generator("play")
    g.load_state_dict(state)
    move_g = torch.optim.Adam(g.parameters(), lr, betas=(0.5, 0.9))
    move_d = torch.optim.Adam(critic.parameters(), 2e-3, betas=(0.5, 0.9))
    for step in range(steps):
        for turn in range(3 if weight else 0):
            x = train[torch.randint(len(train), (16,), generator=rng)]
            with torch.no_grad(): made = fill(g, build_corruption(SPEC)(x, rng))
            loss = critic(made).mean() - critic(x).mean() + 10 * gradient_penalty(critic, x, made, generator=rng)
            move_d.zero_grad()
            loss.backward()
            move_d.step()
        x = train[torch.randint(len(train), (16,), generator=rng)]
        made = fill(g, build_corruption(SPEC)(x, rng))
        loss = (made - x).square().mean() - (weight * critic(made).mean() if weight else 0)
        move_g.zero_grad()
        loss.backward()
        move_g.step()
    return g


start = play(first.state_dict(), 0, 150, 4e-3).state_dict()
weights, answers, found = (0, 0.02, 0.2, 2.0), {}, {}
for weight in weights:
    answers[weight] = fill(play(start, weight, 30, 1e-3).eval(), covered).detach()
    found[weight] = measure(answers[weight], test, ("mse_hole",), mask=mask)["mse_hole"]
    sharpness = (gradient_energy(answers[weight]).mean() / gradient_energy(test).mean()).item()
    print(f"weight {weight:5}: error in the rectangle {found[weight]:.4f}, sharpness {sharpness:.2f}")
_ = show_rows({"original": test, "corrupted": seen, **{str(w): y for w, y in answers.items()}}, n=10, width=6)

# %% [markdown]
# At which point do the strokes get wrong? Look at the images, then write a rule that a machine can follow: the **smallest weight whose error in the
# rectangle is at least a quarter larger** (factor 1.25) than without a critic.

# %% answer 15.8
def too_loud(found):
    "The smallest weight that is too large; `found` maps weights, 0 among them, to errors."
    ### BEGIN SOLUTION
    return min(w for w, error in found.items() if error >= 1.25 * found[0])
    ### END SOLUTION

# %% check 15.8
def check(too_loud):
    found = {0: 0.10, 0.01: 0.09, 0.1: 0.12, 1.0: 0.16, 10.0: 0.5}
    w = too_loud(found)
    assert w != 0.1, "0.12 isn't 1.25 times 0.10 yet. Larger isn't too large."
    assert w != 10.0, "10 is too large, but it isn't the smallest that is."
    assert w == 1.0, f"With the errors {found} the answer is another one than {w}."

# %% hidden 15.8
def hidden(too_loud): assert too_loud({0: 1.0, 5: 9.0, 2: 3.0}) == 2, "in any order"

# %% wrong 15.8: Larger isn't too large
def too_loud(found): return min(w for w, error in found.items() if error > found[0])

# %% wrong 15.8: isn't the smallest
def too_loud(found): return max(found, key=found.get)

# %%
print("too loud from", too_loud(found) if max(found.values()) >= 1.25 * found[0] else "none of these")

# %% [markdown]
# ## 15.9 Design: what else do you ask?
# A colleague fills holes and reports the best FID of all methods. Which two of these measurements would show that the method pastes *any* real
# photograph into the hole? Give a set of two letters.
#
# **A** FID with more images, **B** the squared error in the hole, **C** KID instead of FID, **D** the error in the hole when the surroundings are
# exchanged for another image's: does the answer depend on them?, **E** the time per image

# %% answer 15.9
ask_for = {"B", "D"}  ### SOLUTION

# %% check 15.9
def check(ask_for):
    assert isinstance(ask_for, (set, list, tuple)) and len(set(ask_for)) == 2 and set(ask_for) <= set("ABCDE"), \
        "Give two letters, such as {\"A\", \"B\"}."
    assert not set(ask_for) & {"A", "C"}, (
        "FID and KID both compare *distributions*. Real photographs in wrong places make a perfect distribution, "
        "however many there are.")
    assert "E" not in ask_for, "Fast or slow, it says nothing about what fits."

# %% hidden 15.9
def hidden(ask_for):
    assert set(ask_for) == {"B", "D"}, "B and D: is it near this truth, and does it follow from these surroundings?"

# %% wrong 15.9: compare *distributions*
ask_for = {"B", "C"}

# %% wrong 15.9: Fast or slow
ask_for = {"B", "E"}
