# %% [markdown]
# # Exercise 10: the dense autoencoder
# Nine tasks, about an hour: count, build the mirror, meet PCA, read a curve, and find a bug that was really published.

# %%
import json
from pathlib import Path

import torch
from torch import nn

import recon
from recon.benchmark import show_rows, train_or_load
from recon.core import seeded_generator
from recon.data import load_data
from recon.layers import count_parameters
from recon.metrics import measure
from recon.training import read_log

digits = load_data("digits28", "test").stack(12)
_ = show_rows({"digits": digits}, n=12)

# %% for checks
import torch
from torch import nn

# %% [markdown]
# ## 10.1 Count before you print
# The first paper's network is 784 → 128 → 64 → 32 and the same way back. Every dense layer has a weight for each pair of numbers and a
# bias for each number that comes out. How many parameters does the whole network have? Calculate it on paper, or in the cell, but don't
# build the network.

# %% answer 10.1
parameters = sum(a * b + b for a, b in ((784, 128), (128, 64), (64, 32), (32, 64), (64, 128), (128, 784)))  ### SOLUTION

# %% check 10.1
def check(parameters):
    pairs = [(784, 128), (128, 64), (64, 32)]
    there, back, biases = sum(a * b for a, b in pairs), sum(a * b for a, b in pairs), 784 + 2 * (128 + 64) + 32
    assert parameters != there + back, \
        "These are the weights alone. Every number that comes out of a layer has a bias, too."
    assert parameters not in (there, there + 128 + 64 + 32), "That is the encoder. The decoder is at least as large."
    assert parameters != 2 * (there + 128 + 64 + 32), \
        "Nearly. The decoder's biases belong to what comes out of *its* layers, the image among them."
    assert parameters == there + back + biases, \
        "Not yet. For each of the six layers: numbers in × numbers out + numbers out."

# %% hidden 10.1
def hidden(parameters):
    assert parameters == 222_384, "222,384"

# %% wrong 10.1: weights alone
parameters = 2 * (784 * 128 + 128 * 64 + 64 * 32)

# %% wrong 10.1: That is the encoder
parameters = (784 * 128 + 128) + (128 * 64 + 64) + (64 * 32 + 32)

# %% wrong 10.1: belong to what comes out
parameters = 2 * ((784 * 128 + 128) + (128 * 64 + 64) + (64 * 32 + 32))

# %%
from recon.models.dense_autoencoder import DenseAutoencoder

print(f"{count_parameters(DenseAutoencoder(hidden=(128, 64), activation='relu')):,} parameters")

# %% [markdown]
# ## 10.2 The mirror image
# Write the decoder that belongs to an encoder: the same widths in reverse order, a SiLU *between* two layers and none after the last. The
# encoder is an `nn.Sequential` of `nn.Linear` (with `in_features` and `out_features`) and activations.

# %% answer 10.2 (2 points)
def mirror(encoder):
    "The decoder with the encoder's widths in reverse."
    ### BEGIN SOLUTION
    layers = []
    for layer in reversed([m for m in encoder if isinstance(m, nn.Linear)]):
        layers += [nn.Linear(layer.out_features, layer.in_features), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
    ### END SOLUTION

# %% check 10.2
def check(mirror):
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

# %% hidden 10.2
def hidden(mirror):
    encoder = nn.Sequential(nn.Linear(9, 4))
    decoder = mirror(encoder)
    assert decoder(torch.zeros(1, 4)).shape == (1, 9) and len(list(decoder)) == 1, \
        "an encoder of one layer has a mirror of one layer"

# %% wrong 10.2: takes 20
def mirror(encoder):
    layers = []
    for layer in [m for m in encoder if isinstance(m, nn.Linear)]:
        layers += [nn.Linear(layer.in_features, layer.out_features), nn.SiLU()]
    return nn.Sequential(*layers[:-1])

# %% wrong 10.2: after the last layer
def mirror(encoder):
    layers = []
    for layer in reversed([m for m in encoder if isinstance(m, nn.Linear)]):
        layers += [nn.Linear(layer.out_features, layer.in_features), nn.SiLU()]
    return nn.Sequential(*layers)

# %% [markdown]
# ## 10.3 One step
# The heart of every training: compare, ask for the gradient, move. Write one step of gradient descent that makes an autoencoder's
# squared error on a batch smaller, and return the error *before* the step as a plain number.

# %% answer 10.3
def step(net, optimizer, x):
    "One step on the batch `x`; the loss before it."
    ### BEGIN SOLUTION
    loss = (net(x) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION

# %% check 10.3
def check(step):
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

# %% hidden 10.3
def hidden(step):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(6, 2), nn.Linear(2, 6))
    optimizer, x = torch.optim.Adam(net.parameters(), 0.02), torch.randn(32, 6)
    losses = [step(net, optimizer, x) for _ in range(200)]
    assert losses[-1] < 0.8 * losses[0] and losses[-1] == min(losses[-20:]), "200 steps must make the error smaller"

# %% wrong 10.3: still in it
def step(net, optimizer, x):
    loss = (net(x) - x).square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()

# %% wrong 10.3: haven't moved
def step(net, optimizer, x):
    loss = (net(x) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()

# %% [markdown]
# ## 10.4 The best that is linear
# The squared error of PCA with $k$ components needs no PCA: subtract the mean image, compute the singular values of the matrix of
# all images (`torch.linalg.svdvals`), and what is lost is what the left-out components held, the **squares** of their singular
# values. Return the mean over all images and pixels.

# %% answer 10.4 (2 points)
def pca_error(x, k):
    "Mean squared error of the images `[N, …]` after their projection onto `k` principal components."
    ### BEGIN SOLUTION
    flat = x.flatten(1)
    values = torch.linalg.svdvals(flat - flat.mean(0))
    return values[k:].square().sum().item() / flat.numel()
    ### END SOLUTION

# %% check 10.4
def check(pca_error):
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

# %% hidden 10.4
def hidden(pca_error):
    from recon.baselines import build_baseline
    from recon.data import load_data

    x = load_data("digits", "train").stack(200)
    ours = (build_baseline("pca(components=8, clip=False)").fit(x, x)(x) - x).square().mean().item()
    assert abs(pca_error(x, 8) - ours) < 1e-4, "must agree with the library's PCA"

# %% wrong 10.4: Did you subtract it first
def pca_error(x, k):
    return torch.linalg.svdvals(x.flatten(1))[k:].square().sum().item() / x.numel()

# %% wrong 10.4: Squares of the singular values
def pca_error(x, k):
    flat = x.flatten(1)
    return torch.linalg.svdvals(flat - flat.mean(0))[k:].sum().item() / x.numel()

# %% [markdown]
# ## 10.5 Read a curve
# The lecture's recorded sweep: the same network with codes of several lengths, without the row for 16.

# %%
rows = json.loads((Path(recon.__file__).parents[1] / "nbs/records/10_dense_autoencoder/sweep.json").read_text())["rows"]
recorded = {row["latent"]: (row["ours"], row["pca"]) for row in rows}
for n, (ours, pca) in recorded.items():
    if n != 16: print(f"{n:4} numbers: ours {ours:.5f}, PCA {pca:.5f}")

# %% [markdown]
# Predict the network's error with **16** numbers, within 12 %. (On which axes is the curve nearly straight?)

# %% answer 10.5
error_16 = (recorded[8][0] * recorded[32][0]) ** 0.5  ### SOLUTION

# %% check 10.5
def check(error_16):
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

# %% hidden 10.5
def hidden(error_16):
    assert 0.0055 < error_16 < 0.012, "about 0.0080"

# %% wrong 10.5: Each *doubling* divides
error_16 = (recorded[8][0] + recorded[32][0]) / 2

# %% wrong 10.5: between the rows for 8 and 32
error_16 = recorded[16][1]

# %%
print(f"measured: {recorded[16][0]:.5f}")

# %% [markdown]
# ## 10.6 Bug museum: noise that nobody saw
# This function is meant to show the network digits with noise of strength σ, pixels in [0, 1]. It is what a published program does, in
# our words. It runs, and the loss falls. Look at a batch, then fix it: `pixels` are numbers from 0 to 255, `[B, 1, 28, 28]`. There
# are two bugs.

# %% answer 10.6 (2 points)
def shown(pixels, sigma, generator):
    "Digits in [0, 1] with noise of their own, as the network sees them."
    ### BEGIN SOLUTION
    noise = sigma * torch.randn(pixels.shape, generator=generator)
    return (pixels / 255 + noise).clamp(0, 1)
    ### STUDENT
    #: noise = sigma * torch.randn(pixels.shape[1:], generator=generator)
    #: return (pixels + noise).clamp(0, 1) / 255
    ### END SOLUTION

# %% check 10.6
def check(shown):
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

# %% hidden 10.6
def hidden(shown):
    y = shown(torch.full((20, 1, 8, 8), 255.0), 0.5, torch.Generator().manual_seed(0))
    assert y.max() == 1 and abs((y == 1).float().mean() - 0.5) < 0.1, \
        "white stays at most white: half of the pixels are clipped"
    again = [shown(torch.zeros(1, 1, 8, 8), 0.3, torch.Generator().manual_seed(4)) for _ in range(2)]
    assert torch.equal(*again), "one seed, one noise"

# %% wrong 10.6: the same noise
def shown(pixels, sigma, generator):
    return (pixels / 255 + sigma * torch.randn(pixels.shape[1:], generator=generator)).clamp(0, 1)

# %% wrong 10.6: In which order
def shown(pixels, sigma, generator):
    return (pixels + sigma * torch.randn(pixels.shape, generator=generator)).clamp(0, 1) / 255

# %% [markdown]
# ## 10.7 When to stop
# The recorded training of `dense-fashion`. Which step's weights would you keep? Write a function that finds it in any log, and look
# at what it says.

# %%
log = read_log(train_or_load("dense-fashion").folder / "log.csv")
print("columns:", list(log))
for step_, error in zip(*log["valid/mse"]): print(f"step {step_:5}: validation error {error:.5f}")

# %% answer 10.7
def keep(log):
    "The step whose weights should be kept; `log[column]` is a list of steps and a list of values."
    ### BEGIN SOLUTION
    steps, errors = log["valid/mse"]
    return steps[errors.index(min(errors))]
    ### END SOLUTION

# %% check 10.7
def check(keep):
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

# %% hidden 10.7
def hidden(keep):
    assert keep({"network/loss": ([0], [1.0]), "valid/mse": ([7, 8], [0.1, 0.2])}) == 7, "the first may be the best"

# %% wrong 10.7: The last step
def keep(log): return log["valid/mse"][0][-1]

# %% wrong 10.7: by heart
def keep(log):
    steps, losses = log["network/loss"]
    return steps[losses.index(min(losses))]

# %%
print("keep step", keep(log))

# %% [markdown]
# ## 10.8 A digit in a few bytes
# To store a code, its numbers are rounded to few **levels**. Write `rounded`: each column of `z` gets `levels` equally spaced values
# from its least to its largest, both among them, and every number goes to the nearest.

# %% answer 10.8 (2 points)
def rounded(z, levels):
    "Codes `[B, D]` with at most `levels` different values in each column."
    ### BEGIN SOLUTION
    low, high = z.amin(0), z.amax(0)
    return low + ((z - low) / (high - low) * (levels - 1)).round() / (levels - 1) * (high - low)
    ### END SOLUTION

# %% check 10.8
def check(rounded):
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

# %% hidden 10.8
def hidden(rounded):
    z = torch.linspace(0, 1, 11)[:, None]
    assert torch.allclose(rounded(z, 2), (z > 0.5 + 1e-6).float(), atol=1e-5), "two levels are the two ends"
    assert torch.allclose(rounded(z, 11), z, atol=1e-6), "eleven levels are all there are"

# %% wrong 10.8: between five posts
def rounded(z, levels):
    low, high = z.amin(0), z.amax(0)
    return low + ((z - low) / (high - low) * levels).round() / levels * (high - low)

# %% wrong 10.8: A column has become constant
def rounded(z, levels):
    low, high = z.min(), z.max()
    return low + ((z - low) / (high - low) * (levels - 1)).round() / (levels - 1) * (high - low)

# %%
clean = train_or_load("dense-mnist")
originals, codes = clean.examples(), clean.network.encode(clean.examples())
for levels in (256, 16, 4):
    print(f"{levels:3} levels: MSE {measure(clean.network.decode(rounded(codes, levels)), originals)['mse']:.5f}")

# %% [markdown]
# ## 10.9 Design: a fair comparison
# Someone claims: "my autoencoder with 32 numbers beats PCA". Which of these comparisons would convince you? Give the set of letters.
#
# - **A** the network's error on its training digits against PCA's on test digits
# - **B** both fitted on the same training digits, both measured on the same test digits, PCA with 32 components
# - **C** the network with 32 numbers against PCA with 2 components, same digits
# - **D** as B, but on digits under noise that neither of them was fitted on, and said so
# - **E** the network's error on pixels in [0, 1], PCA's on pixels in [-1, 1]

# %% answer 10.9
fair = {"B", "D"}  ### SOLUTION

# %% check 10.9
def check(fair):
    assert isinstance(fair, (set, frozenset, list, tuple)) and set(fair) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\", \"C\"}."
    assert "E" not in fair, \
        "E compares two units: the same error is four times as large on [-1, 1], so whoever is measured there loses."
    assert "A" not in fair, "In A one of the two was allowed to learn the answers by heart."
    assert "C" not in fair, "In C both codes should be equally long; otherwise one doesn't compare methods but lengths."
    assert len(set(fair)) > 1, (
        "There is more than one. A fair comparison puts the same question to both; it needn't be the question of their "
        "training.")

# %% hidden 10.9
def hidden(fair):
    assert set(fair) == {"B", "D"}, "B and D: another question than B, but the same one for both"

# %% wrong 10.9: compares two units
fair = {"B", "E"}

# %% wrong 10.9: by heart
fair = {"A", "B"}
