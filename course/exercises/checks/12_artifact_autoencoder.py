"""The checks of 12_artifact_autoencoder. Made by make.py; change source/12_artifact_autoencoder.py."""


import torch


def scene():
    "Four colour images and a mask whose hole lies elsewhere in each."
    generator = torch.Generator().manual_seed(0)
    x, mask = torch.rand(4, 3, 16, 16, generator=generator) * 2 - 1, torch.zeros(4, 1, 16, 16)
    for i in range(4): mask[i, :, 3 + i:8 + i, 2 + 2 * i:7 + 2 * i] = 1
    return x, mask


def check_12_1(in_the_hole):
    assert in_the_hole(0.009, False, False) == 0.009, "Hole and [0, 1]: nothing is to be converted."
    w = in_the_hole(0.009, True, False)
    assert not abs(w - 0.009 / 4) < 1e-6, \
        "Averaging over three quarters of untouched pixels makes the number *smaller*; so the hole's own is larger."
    assert not abs(w - 0.018) < 1e-6, \
        "16 of 32 pixels, in each of two directions: which share of the *area* is the hole?"
    assert abs(w - 0.036) < 1e-6, (
        f"If all of the image's error lies in the hole, the mean over the hole alone is another one than {w:.4f}. How "
        "many pixels share it?")
    v = in_the_hole(0.009, False, True)
    assert not abs(v - 0.0045) < 1e-6, "Errors halve from [-1, 1] to [0, 1]. And squared errors?"
    assert abs(v - 0.00225) < 1e-6, \
        f"On [-1, 1] all errors are twice as large. What does that make of a squared one? Yours is {v:.5f}."


def check_12_2(fill_with_mean):
    x, mask = scene()
    other = torch.where(mask > 0, -x, x)
    a, b = fill_with_mean(x, mask), fill_with_mean(other, mask)
    hole = mask.expand_as(x) > 0
    assert torch.equal(a[~hole], x[~hole]), "Outside the hole nothing should change."
    assert torch.equal(a, b), (
        "Two images that differ *only under the hole* give different inputs: something hidden leaks out. Which pixels "
        "go into the mean?")
    first = torch.stack([x[0, c][mask[0, 0] == 0].mean() for c in range(3)])
    inside = a[0, :, mask[0, 0] > 0].mean(1)
    assert not torch.allclose(inside, first * (mask[0] == 0).float().mean(), atol=1e-5), \
        "You add up the known pixels and divide by *all*: the colour is pulled towards 0."
    assert torch.allclose(inside, first, atol=1e-5), \
        "Each channel of each image should be filled with the mean of its own known pixels."


def check_12_3(spread_heat):
    ramp = torch.linspace(-1, 1, 12).expand(1, 1, 12, 12).clone()
    mask = torch.zeros(1, 1, 12, 12)
    mask[..., 3:9, 3:9] = 1
    hidden = torch.where(mask > 0, 0.7, ramp)
    y = spread_heat(hidden, mask)
    assert torch.equal(y[mask == 0], ramp[mask == 0]), "Known pixels have changed: only the hole is warmed."
    assert (
        spread_heat(hidden, mask, 1) - spread_heat(torch.where(mask > 0, -0.7, ramp), mask, 1)
    ).abs().max() < 1e-6, "What stood in the hole before has an influence: begin with 0 there."
    corner = spread_heat(hidden, mask, 1)[0, 0, 3, 3].item()
    assert abs(corner - (ramp[0, 0, 2, 3] + ramp[0, 0, 3, 2]).item() / 4) < 1e-5, \
        "After one round the hole's corner should have the mean of four neighbours: two known ones, two zeros."
    assert (y - ramp).abs().max() < 1e-2, (
        f"An even slope should be continued exactly; yours is off by {(y - ramp).abs().max():.2f}. All rounds done? "
        "Four neighbours, each a quarter?")


def check_12_4(paste_middle):
    x, patch = torch.zeros(2, 3, 10, 16), torch.ones(2, 3, 4, 6)
    y = paste_middle(x, patch)
    assert not x.any(), "The image that was handed over has changed: work on a copy."
    assert y.shape == x.shape, f"The shape should stay [2, 3, 10, 16], and is {list(y.shape)}."
    assert y.sum() == patch.sum(), f"{int(patch[0, 0].sum())} pixels should be replaced, and {int(y[0, 0].sum())} are."
    rows, columns = (y[0, 0].amax(d).nonzero().flatten() for d in (1, 0))
    assert rows[0] + rows[-1] == 9 and columns[0] + columns[-1] == 15, (
        f"Not in the middle: rows {rows[0]} to {rows[-1]} of 10, columns {columns[0]} to {columns[-1]} of 16. The "
        "image needn't be square.")


def check_12_5(ratio):
    assert 0 < ratio, "Even the mean is wrong: the truth is one of the three."
    assert not abs(ratio - 1 / 3) < 0.01, (
        "B is right once in three times, but how wrong is it otherwise? Count the variance: once for the truth around "
        "the mean, and for B's answer as well.")
    assert ratio < 1, "No answer has less squared error than the mean."
    truths = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    mean = (truths - truths.mean(0)).square().mean()
    lot = (truths[:, None] - truths[None]).square().mean()
    assert abs(ratio - (mean / lot).item()) < 0.01, (
        "Not yet. Try it with the three numbers -1, 0 and 1: mean of the squared error over all pairs of truth and "
        "answer.")


def check_12_6(left_inside):
    x, mask = scene()
    corrupted = torch.where(mask > 0, 1.0, x)
    assert abs(float(left_inside(corrupted, corrupted, x, mask)) - 1) < 1e-6, "Nothing restored: 1."
    half = x + (corrupted - x) / 2
    value = float(left_inside(half, corrupted, x, mask))
    assert not abs(value - 0.5) < 1e-4, "Errors that are half as large have *squares* of a quarter."
    assert not value > 1, "Upside down: after the restoration, divided by before."
    assert abs(value - 0.25) < 1e-4, f"Errors half as large: 0.25 of the squared error is left; yours is {value:.3f}."
    outside = half + 0.3 * (1 - mask)
    assert abs(float(left_inside(outside, corrupted, x, mask)) - 0.25) < 1e-4, \
        "What was changed *outside* the hole is another question; only the hole counts here."


def check_12_7(guess_at_9):
    assert isinstance(guess_at_9, (int, float)), "A number, please."
    assert guess_at_9 <= 1.5, "In per cent? A share is wanted: 1 means that nothing was restored."
    assert guess_at_9 > 0, "Nothing left at all, of something it has never seen? Guess again."


def check_12_8(reason, experiment, shares):
    assert reason in ("A", "B", "C") and experiment in (1, 2), "A letter and a number, please."
    assert shares[9] > 2 * shares[3], \
        "Run the cell above first; small rectangles should be restored well, and large ones badly."
    assert reason != "A", "The very same network, trained on 5 to 9 pixels, removes them in the lecture."
    assert reason != "C", f"It has learned its task: at 3 pixels {shares[3]:.0%} are left. What is different at 9?"
    assert experiment != 2, \
        "Other training data should help under B *and* under C; so this experiment tells nothing apart."
