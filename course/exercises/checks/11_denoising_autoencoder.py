"""The checks of 11_denoising_autoencoder. Made by make.py; change source/11_denoising_autoencoder.py."""


import torch


def check_11_1(copying):
    assert not abs(copying - 0.0625) < 1e-4, "That is σ², the error on [0, 1]. The other range is twice as wide."
    assert not abs(copying - 0.125) < 1e-4, "The noise is twice as wide on [-1, 1]; and its *square*?"
    assert not abs(copying - 0.5) < 1e-4, "That is the noise's standard deviation there. A squared error is asked for."
    assert abs(copying - 0.25) < 1e-4, \
        "Not yet. Which standard deviation has the noise on [-1, 1]? The error of copying is its square."


def check_11_2(best_answer):
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


def check_11_3(shrink):
    assert abs(shrink(1.0, 0.0) - 1) < 1e-9, "Without noise, believe y."
    assert shrink(0.01, 5.0) < 0.1, "With much noise, believe the mean: a goes to 0."
    assert not abs(shrink(1.0, 0.5) - 1 / 1.5) < 1e-6, "Two *variances* are compared; σ is a standard deviation."
    assert abs(shrink(1.0, 0.5) - 0.8) < 1e-6, \
        f"With a variance of 1 and σ = 0.5, a is 0.8; yours is {shrink(1.0, 0.5):.3f}. Minimise (1 - a)²v + a²σ²."


def check_11_4(pairs):
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


def check_11_5(estimate):
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


def check_11_6(predicted):
    assert predicted in (4, 8, 16, 32, 64, 128, 256, 784), "Choose one of the widths."
    assert predicted != 4, (
        "With 4 numbers even a clean digit comes back as another one; that doesn't depend on the noise, and is worth "
        "more when there is less of it.")


def check_11_7(best_weak, best_strong, penalty, curves):
    weak, strong = (min(curves[s], key=curves[s].get) for s in (0.2, 0.5))
    assert best_weak in curves[0.2] and best_strong in curves[0.5], \
        "The *width* is asked for (the key of the dictionary), not its error."
    assert (best_weak, best_strong) != (strong, weak) or weak == strong, "Exchanged: which is the curve for weak noise?"
    assert best_weak == weak and best_strong == strong, "These widths don't have the least errors."
    assert penalty >= 1, "Upside down: the widest code's error, divided by the best one's."
    assert abs(penalty - curves[0.2][784] / curves[0.2][weak]) < 1e-6, \
        "At σ = 0.2: the widest code's error, divided by the best width's."


def check_11_8(plans):
    assert isinstance(plans, (set, list, tuple)) and len(set(plans)) == 2 and set(plans) <= set("ABCDE"), \
        "Give two letters, such as {\"A\", \"B\"}."
    assert "E" not in plans, "E is largest for a filter that does nothing. What should the result be compared with?"
    assert "A" not in plans, (
        "A measures Gaussian noise, which telephones don't have: theirs depends on the brightness, and has been "
        "through a filter and JPEG.")
    assert "C" not in plans, "People like smooth skin that isn't the person's. C measures taste, not truth."
