"""The checks of 10_dense_autoencoder. Made by make.py; change source/10_dense_autoencoder.py."""


import torch
from torch import nn


def check_10_1(parameters):
    pairs = [(784, 128), (128, 64), (64, 32)]
    there, back, biases = sum(a * b for a, b in pairs), sum(a * b for a, b in pairs), 784 + 2 * (128 + 64) + 32
    assert parameters != there + back, \
        "These are the weights alone. Every number that comes out of a layer has a bias, too."
    assert parameters not in (there, there + 128 + 64 + 32), "That is the encoder. The decoder is at least as large."
    assert parameters != 2 * (there + 128 + 64 + 32), \
        "Nearly. The decoder's biases belong to what comes out of *its* layers, the image among them."
    assert parameters == there + back + biases, \
        "Not yet. For each of the six layers: numbers in × numbers out + numbers out."


def check_10_2(mirror):
    encoder = nn.Sequential(nn.Linear(20, 12), nn.SiLU(), nn.Linear(12, 7), nn.SiLU(), nn.Linear(7, 3))
    decoder = mirror(encoder)
    assert isinstance(decoder, nn.Module), "Return a network, for instance an nn.Sequential."
    linear = [m for m in decoder.modules() if isinstance(m, nn.Linear)]
    first = linear[0].in_features if linear else None
    assert first == 3, (
        f"The decoder is given a code of 3 numbers here, and your first layer takes {first}. What comes out of the "
        "encoder's last layer?")
    assert [m.out_features for m in linear] == [7, 12, 20], \
        f"The widths should be 3, 7, 12, 20; your layers give {[m.out_features for m in linear]}."
    assert decoder(torch.zeros(2, 3)).shape == (2, 20), "It should turn codes [B, 3] into [B, 20]."
    assert not isinstance(list(decoder)[-1], nn.SiLU), \
        "There is a SiLU after the last layer: then no answer can be smaller than -0.28, and black is -1."
    assert sum(isinstance(m, nn.SiLU) for m in decoder) == 2, \
        "Without a SiLU between every two layers the whole decoder is one linear map."
    assert not any(p is q for p in decoder.parameters() for q in encoder.parameters()), \
        "The decoder should have weights of its own."


def check_10_3(step):
    def fresh():
        torch.manual_seed(0)
        net = nn.Linear(4, 4)
        return net, torch.optim.SGD(net.parameters(), 0.1), torch.randn(8, 4)

    net, optimizer, x = fresh()
    before, wanted = net.weight.clone(), (net(x) - x).square().mean().item()
    returned = step(net, optimizer, x)
    assert returned is not None, "It returns nothing yet; return the loss."
    assert not torch.equal(net.weight, before), "The weights haven't moved. Which call moves them?"
    assert abs(float(returned) - wanted) < 1e-6, (
        f"The loss before this step is {wanted:.4f}, and yours is {float(returned):.4f}. Compare the answer with the "
        "image itself, mean over everything.")
    second = torch.autograd.grad((net(x) - x).square().mean(), net.weight)[0]
    moved = net.weight.clone()
    step(net, optimizer, x)
    assert torch.allclose(net.weight, moved - 0.1 * second, atol=1e-6), (
        "The second step goes in another direction than its gradient: the first one's is still in it. PyTorch adds "
        "gradients up.")
    assert isinstance(returned, float), "Return a plain number (`.item()`); a tensor keeps the whole graph in memory."


def check_10_4(pca_error):
    x = torch.randn(40, 1, 3, 4, generator=torch.Generator().manual_seed(0)) + 5
    flat = x.flatten(1)
    spread = (flat - flat.mean(0)).square().mean().item()
    zero, all_ = pca_error(x, 0), pca_error(x, 12)
    assert abs(float(all_)) < 1e-6, "With as many components as pixels nothing is lost; yours says otherwise."
    assert abs(zero - flat.square().mean().item()) > 1e-3, \
        "With no component at all the answer is the *mean image*. Did you subtract it first?"
    assert abs(zero - spread) < 1e-4, (
        f"With no component the error is the variance around the mean image, {spread:.3f}; yours is {float(zero):.3f}. "
        "Squares of the singular values? Divided by images × pixels?")
    _, s, v = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    wanted = (flat - flat.mean(0) - (flat - flat.mean(0)) @ v[:5].T @ v[:5]).square().mean().item()
    assert abs(pca_error(x, 5) - wanted) < 1e-5, "What is lost is what the components *after* the first k held."


def check_10_5(error_16):
    import json
    from pathlib import Path

    import recon

    rows = json.loads((Path(recon.__file__).parents[1] / "nbs/records/10_dense_autoencoder/sweep.json").read_text())[
        "rows"
    ]
    ours, pca = ({row["latent"]: row[k] for row in rows} for k in ("ours", "pca"))
    assert not ours[32] > error_16 and not error_16 > ours[8], \
        "More numbers, less error: it lies between the rows for 8 and 32."
    assert abs(error_16 / ((ours[8] + ours[32]) / 2) - 1) > 0.03, (
        "Halfway between 8 and 32 on an ordinary axis is 20, and the curve isn't straight there. Each *doubling* "
        "divides the error by about the same factor.")
    assert abs(error_16 / ours[16] - 1) < 0.12, \
        "The right region. Take the error's factor from 8 to 32, two doublings; what is the factor of one?"


def check_10_6(shown):
    grey = torch.full((50, 1, 8, 8), 127.5)
    y = shown(grey, 0.1, torch.Generator().manual_seed(0))
    assert y.max() > 0.1, (
        f"A grey image, and no input is larger than {y.max():.4f} = 1/255. In which order are the pixels scaled, "
        "corrupted and clipped?")
    assert 0 <= y.min() and y.max() <= 1, f"Pixels should be in [0, 1]; yours go from {y.min():.2f} to {y.max():.2f}."
    assert not torch.allclose(y[0], y[1]), \
        "Every image of the batch has the same noise: a network can learn it by heart."
    assert abs(y.std().item() - 0.1) < 0.01, \
        f"Noise of σ = 0.1 should have a standard deviation of 0.1; yours has {y.std().item():.4f}."
    assert abs(y.mean().item() - 0.5) < 0.01, \
        f"Grey is 0.5 on average, also with noise; yours is {y.mean().item():.4f}."


def check_10_7(keep):
    log = {
        "network/loss": ([0, 10, 20, 30, 40], [5.0, 4.0, 3.0, 1.0, 2.0]),
        "valid/mse": ([20, 40, 60], [0.2, 0.1, 0.3]),
    }
    step = keep(log)
    assert step != 60, "The last step isn't the best: the validation error has risen again."
    assert step != 30, \
        "That is where the *training* loss is least. It goes on falling while the network learns its images by heart."
    assert step in (20, 40, 60), f"The answer should be a step of the validation column; yours is {step}."
    assert step == 40, "The best is where the validation error is least."


def check_10_8(rounded):
    z = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 10.0, 0.1])
    y = rounded(z, 5)
    assert y.shape == z.shape, f"The shape should stay [200, 3], and is {list(y.shape)}."
    counts = [len(c.mul(1e4).round().unique()) for c in y.T]
    assert max(counts) < 50, "Nothing has been rounded: there are as many values as before."
    assert max(counts) <= 5, (
        f"5 levels were asked for, and there are {max(counts)}. Both ends are levels: how many *steps* lie between "
        "five posts?")
    assert min(counts) > 1, "A column has become constant. Each column has a range of its own."
    assert torch.allclose(y.amin(0), z.amin(0), atol=1e-4) and torch.allclose(y.amax(0), z.amax(0), atol=1e-4), \
        "The least and the largest number of each column should stay as they are."
    half = (z.amax(0) - z.amin(0)) / 8
    assert ((y - z).abs() <= half * 1.001).all(), \
        "Some number isn't rounded to the *nearest* level (the error exceeds half a step)."


def check_10_9(fair):
    assert isinstance(fair, (set, frozenset, list, tuple)) and set(fair) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\", \"C\"}."
    assert "E" not in fair, \
        "E compares two units: the same error is four times as large on [-1, 1], so whoever is measured there loses."
    assert "A" not in fair, "In A one of the two was allowed to learn the answers by heart."
    assert "C" not in fair, "In C both codes should be equally long; otherwise one doesn't compare methods but lengths."
    assert len(set(fair)) > 1, (
        "There is more than one. A fair comparison puts the same question to both; it needn't be the question of their "
        "training.")
