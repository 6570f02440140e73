"""The checks of 13_variational_autoencoder. Made by make.py; change source/13_variational_autoencoder.py."""


import math

import torch


def posterior(batch=5, latent=3):
    "Means and log-variances of some codes."
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, latent, generator=generator), torch.randn(batch, latent, generator=generator) - 1


def check_13_1(nats):
    assert nats != 0, "Only μ = 0 with σ = 1 is free."
    assert nats != 0.5, "That is one number's share. The code has three, and nats of independent numbers add up."
    assert nats != 3, "Is there a factor in front of the bracket in the closed form?"
    assert nats == 1.5, "Not yet: put μ = 1, σ = 1 into the closed form for one number, and add up three of them."


def check_13_2(kl):
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


def check_13_3(draw):
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


def check_13_4(image_nats):
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


def check_13_5(vae_loss):
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


def check_13_6(bound):
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


def check_13_7(active):
    width, shift = torch.tensor([1, 0.5, 0.2, 0.01, 0.0, 0.0]), torch.tensor([0, 0, 3.0, 2, 1, 0])
    mean = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)) * width + shift
    n = active(mean)
    assert n != 200, "You count images. The variance is to be taken *over* the images, for each number of the code."
    assert n not in (4, 5), (
        "A number that always has the same value, however large, says nothing about the image. Does your measure see "
        "that?")
    assert n == 3, f"Three of these six numbers are active, and you count {n}."


def check_13_8(beta):
    values = [float(beta(s, 100)) for s in range(100)]
    assert values[0] == 0, f"It should begin with 0, and begins with {values[0]:.2f}."
    assert max(values) <= 1, f"It should never exceed 1: beyond, the sum is no bound; yours reaches {max(values):.2f}."
    assert values[99] == 1, \
        f"At the end it must be 1, otherwise something else than the bound is learned; yours is {values[99]:.2f}."
    assert abs(values[25] - 0.5) < 0.03 and values[50] == 1, \
        f"At a quarter of the steps it should be 0.5, at half 1; yours are {values[25]:.2f} and {values[50]:.2f}."


def check_13_9(numbers, code, measured):
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


def check_13_10(letters):
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
