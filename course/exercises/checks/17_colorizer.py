"""The checks of 17_colorizer. Made by make.py; change source/17_colorizer.py."""


import torch


def look():
    "A small map and the matrices of query, key and value."
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    return draw(2, 6, 3, 4), draw(5, 6), draw(5, 6), draw(7, 6)


def check_17_1(attend):
    x, wq, wk, wv = look()
    y = attend(x, wq, wk, wv)
    assert torch.is_tensor(y) and y.shape == (2, 7, 3, 4), \
        f"From [2, 6, 3, 4] with 7 values should come [2, 7, 3, 4]; yours is {list(getattr(y, 'shape', []))}."
    mean = (wv @ x.flatten(2)).mean(2)
    even = attend(x, 0 * wq, wk, wv)
    assert not torch.allclose(even, even * 0 + mean[..., None, None] * 12, atol=1e-4), \
        "The weights of a place don't add up to 1. Is there a softmax?"
    assert torch.allclose(even, mean[..., None, None].expand_as(even), atol=1e-5), \
        "A query of 0 prefers nobody: every place should get the mean of all values."
    q, k, v = (w @ x.flatten(2) for w in (wq, wk, wv))
    score = q.transpose(1, 2) @ k
    assert not torch.allclose(y.flatten(2), v @ score.softmax(1).transpose(1, 2), atol=1e-4), (
        "Your softmax goes over those who *ask*. The weights of one asking place, over all it asks, should add up to "
        "1.")
    assert not torch.allclose(y.flatten(2), v @ score.softmax(-1), atol=1e-4), \
        "Asking and asked are exchanged when the values are collected. Which index of the weights is summed over?"
    assert torch.allclose(y.flatten(2), v @ score.softmax(-1).transpose(1, 2), atol=1e-4), \
        "Close in form; the numbers differ. q with k, softmax, then the values."


def check_17_2(all_places, blocks):
    n = 32 * 32
    assert all_places != n, "That is the number of places. Each of them asks each."
    assert all_places == n**2, "Not yet: the number of pairs of places."
    assert blocks != n**2 // 256, "Only the *asked* places are gathered into blocks. Those who ask stay single."
    assert blocks != n**2 // 4, "A block of 4 × 4 stands for how many places?"
    assert blocks == n**2 // 16, "Not yet: how many blocks are there, and how many places ask each of them?"


def check_17_3(lightness):
    from recon.images import rgb_to_lab

    x = torch.rand(3, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    ours, wanted = lightness(x), rgb_to_lab(x)[:, :1]
    assert torch.is_tensor(ours) and ours.shape == wanted.shape, \
        f"[3, 3, 5, 4] should become [3, 1, 5, 4]; yours is {list(getattr(ours, 'shape', []))}."
    grey = torch.zeros(1, 3, 1, 1)
    value = float(lightness(grey))
    assert not abs(value - 76.07) < 0.3, (
        "Middle grey comes out as 76: the gamma curve is still in it. A stored ½ is only about a fifth of white's "
        "light.")
    assert abs(value - 53.39) < 0.3, f"Middle grey (0 in [-1, 1]) has L = 53.4; yours {value:.1f}. To [0, 1] first?"
    assert (
        abs(float(lightness(torch.ones(1, 3, 1, 1))) - 100) < 0.1
        and abs(float(lightness(-torch.ones(1, 3, 1, 1)))) < 0.1
    ), "White is 100 and black 0."
    assert (ours - wanted).abs().max() < 0.2, \
        "Right for greys; for colours the channels' weights matter. Gamma first, then the weights."


def check_17_4(compose):
    from recon.images import rgb_to_lab

    truth = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.6 - 0.3
    given, answer = rgb_to_lab(truth)[:, :1], (truth * 0.8 - 0.1)
    y = compose(given, answer)
    assert y.shape == truth.shape, f"RGB [2, 3, 4, 4] is wanted; yours is {list(y.shape)}."
    assert y.min() >= -1 and y.max() <= 1, "These aren't RGB values in [-1, 1]: back from L*a*b*, please."
    lab = rgb_to_lab(y)
    assert (lab[:, :1] - given).abs().max() < 1, \
        f"The lightness differs from what was given by up to {(lab[:, :1] - given).abs().max():.1f}."
    assert (lab[:, 1:] - rgb_to_lab(answer)[:, 1:]).abs().max() < 1, \
        "The colours (a and b) should be those of the answer; yours are others."


def check_17_5(equal, mostly_red):
    colours = torch.tensor([[60.0, 40], [-60, 40], [0, -80]])
    assert tuple(equal) not in [tuple(c.tolist()) for c in colours], (
        "Whichever of the three it chose, it would be wrong by far twice in three times. The squared error is least "
        "for the mean.")
    assert (torch.tensor(equal) - colours.mean(0)).abs().max() < 0.1, \
        "With equal probabilities: the mean of the three. Which colour is that?"
    assert tuple(mostly_red) != (60, 40), \
        "Red is the likeliest, but the squared error asks for the *mean*, not for the likeliest."
    wanted = (colours * torch.tensor([0.5, 0.25, 0.25])[:, None]).sum(0)
    assert (torch.tensor(mostly_red) - wanted).abs().max() < 0.1, \
        "Red has two of four, the others one each: the weighted mean."


def check_17_6(rarity):
    p = torch.tensor([0.9, 0.09, 0.01, 0.0])
    w = rarity(p)
    assert torch.is_tensor(w) and w.isfinite().all(), \
        "A colour that never occurs has an infinite weight: mix with the even distribution before you divide."
    assert (w.diff() > 0).all(), "The rarer the colour, the larger its weight should be."
    assert not abs(w.mean() - 1) < 1e-4, \
        "Scaled so that the mean over the *colours* is 1. A loss is a mean over pixels, and most of them are grey."
    assert abs((p * w).sum() - 1) < 1e-4, (
        f"The mean weight of a pixel should be 1, and is {(p * w).sum():.3f}: otherwise the learning rate changes with "
        "the data.")
    assert abs(w[3] / w[0] - 0.575 / 0.125) < 1e-3, \
        "How much more the rarest counts than the commonest isn't right. With λ = ½ it is (0.45 + 0.125) / 0.125."


def check_17_7(hint_channels):
    ab = torch.rand(2, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * 100 - 50
    ab[..., 0, 0] = 0
    seen = torch.zeros(2, 1, 4, 4)
    seen[..., 0, :2] = 1
    h = hint_channels(ab, seen)
    assert h.shape == (2, 3, 4, 4), (
        f"Three channels are wanted, [2, 3, 4, 4]; yours {list(h.shape)}. A hint of grey (0, 0) and no hint look alike "
        "without the third.")
    assert not (h[:, :2] * (1 - seen)).any(), \
        "Colours leak out where no hint was given: the network would only have to copy them."
    assert h[:, :2].abs().max() <= 1, "a and b should be divided by 110."
    assert torch.allclose(h[:, :2], ab / 110 * seen), \
        "Where there is a hint, the first two channels are a/110 and b/110."
    assert torch.equal(h[:, 2:], 2 * seen - 1), "The last channel is 1 where there is a hint, and -1 elsewhere."


def check_17_8(how_colourful):
    from recon.metrics import colourfulness

    x = torch.rand(3, 3, 6, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
    x[1] = x[1] * 0.2 + 0.3 * torch.tensor([1.0, 0, -1]).view(3, 1, 1)
    c, wanted = how_colourful(x), colourfulness(x)
    assert torch.is_tensor(c) and c.shape == (3,), "One number for each image, shape [3]."
    assert how_colourful(torch.full((1, 3, 2, 2), 0.3)).abs().max() < 1e-3, "Grey has no colour: 0."
    assert not torch.allclose(c, wanted / 127.5, rtol=1e-3) and not torch.allclose(c, wanted / 255, rtol=1e-3), \
        "Pixels in [0, 255], please: otherwise your 45 isn't what the paper calls quite colourful."
    even = torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert how_colourful(even) > 1, "A wall of pure red has no variation, but it isn't grey: where is the second term?"
    assert torch.allclose(c, wanted, rtol=1e-3), f"The first image should have {wanted[0]:.1f} and has {c[0]:.1f}."


def check_17_9(hold):
    assert isinstance(hold, (set, list, tuple)) and len(set(hold)) and set(hold) <= set("ABCD"), \
        "Give a set of letters, such as {\"A\"}."
    assert "C" not in hold, \
        "An image with another one's colours is as colourful as the truth. Confetti would be more so."
    assert "A" not in hold, (
        "Of the answers above, one brown for everything has the least error. It is nobody's idea of a colorizer: where "
        "a colour can't be known, the error is smallest for saying next to nothing.")
    assert len(set(hold)) > 1, "One more holds."
