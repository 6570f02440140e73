"""The checks of 19_cyclegan. Made by make.py; change source/19_cyclegan.py."""


import torch
from torch.nn import functional as F


def check_19_1(fool, pairs_that_lead_back):
    assert fool != 5**5, "That is every map. The discriminator sees if an image appears twice and another never."
    assert fool != 25, "25 pairs of images; a map chooses a partner for each of five, all different."
    assert fool == 120, f"Not {fool}: the first image has five possible partners, the second only four."
    assert pairs_that_lead_back != fool**2, \
        "These are the pairs that fool both discriminators. If G is chosen, how many F undo it?"
    assert pairs_that_lead_back != 1, \
        "One of them is the right one; but the cycle loss can't tell which: each shuffling has its own way back."
    assert pairs_that_lead_back == 120, "For each of the maps that fool the discriminator of B, count the ways back."


def check_19_2(d_loss, g_loss):
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


def check_19_3(cycle):
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


def check_19_4(remember):
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


def check_19_5(identity, pulls_away):
    a, b = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), -0.25)
    assert float(identity(a, b, lambda x: x, lambda x: x)) == 0, "Who leaves everything alone pays nothing."
    value = float(identity(a, b, lambda x: -x, lambda x: x + 1))
    assert abs(value - 2.0) > 1e-6 or abs(value - 1.5) < 1e-6, \
        "There is handed images that *are* of the second domain already: there(b), not there(a)."
    assert abs(value - 1.5) < 1e-6, f"Here it is 0.5 + 1; yours is {value:.3f}."
    assert pulls_away in ("A", "B", "C"), "Answer with a letter."
    assert pulls_away != "C", "Put the true translators in: G(b) = -b differs from b by 2|b|. That isn't nothing."
    assert pulls_away != "B", "Put the true translators in: 2|b| in the first case, 0.1 in the second."


def check_19_6(instance_norm):
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


def check_19_7(keep):
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


def check_19_8(growth):
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


def check_19_9(share):
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


def check_19_10(follows):
    assert isinstance(follows, str) and follows and set(follows) <= set("ABCD"), "Some of the letters A, B, C, D."
    assert "A" not in follows, \
        "A: a translator that mirrors every head has the same cycle error and fools the same experts."
    assert "C" not in follows, (
        "C: a lesion that T1 doesn't show can't be in the answer; and one that is painted over may travel as a hidden "
        "message.")
    assert "B" in follows, "B is what the cycle error measures."
    assert "D" in follows, "D is what the experts were asked."
    assert follows == "BD", "In alphabetical order, each once."
