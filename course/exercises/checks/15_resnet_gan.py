"""The checks of 15_resnet_gan. Made by make.py; change source/15_resnet_gan.py."""


import torch
from torch import nn


def check_15_1(Block):
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


def check_15_2(cover):
    c = [int(v) for v in cover(4, 3, 2)]
    assert len(c) == 9, f"Four kernels of 3, two pixels apart, reach over 9 pixels; yours over {len(c)}."
    assert sum(c) == 12, f"Four kernels lay down three values each, 12 in all; yours {sum(c)}."
    assert c == [1, 1, 2, 1, 2, 1, 2, 1, 1], f"Where do two neighbouring kernels overlap? Draw them; yours is {c}."


def check_15_3(penalty):
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


def check_15_4(spectral):
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


def check_15_5(carried):
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


def check_15_6(make_critic):
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


def check_15_7(paste):
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


def check_15_8(too_loud):
    found = {0: 0.10, 0.01: 0.09, 0.1: 0.12, 1.0: 0.16, 10.0: 0.5}
    w = too_loud(found)
    assert w != 0.1, "0.12 isn't 1.25 times 0.10 yet. Larger isn't too large."
    assert w != 10.0, "10 is too large, but it isn't the smallest that is."
    assert w == 1.0, f"With the errors {found} the answer is another one than {w}."


def check_15_9(ask_for):
    assert isinstance(ask_for, (set, list, tuple)) and len(set(ask_for)) == 2 and set(ask_for) <= set("ABCDE"), \
        "Give two letters, such as {\"A\", \"B\"}."
    assert not set(ask_for) & {"A", "C"}, (
        "FID and KID both compare *distributions*. Real photographs in wrong places make a perfect distribution, "
        "however many there are.")
    assert "E" not in ask_for, "Fast or slow, it says nothing about what fits."
