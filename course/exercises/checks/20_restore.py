"""The checks of 20_restore. Made by make.py; change source/20_restore.py."""


import torch


def check_20_1(receptive_radius):
    assert receptive_radius([(3, 1)]) == 1, \
        f"A single 3 × 3 convolution looks one pixel to each side; yours {receptive_radius([(3, 1)])}."
    assert receptive_radius([(3, 1)] * 4) == 4, \
        f"Four of them look 4 far, one further each; yours {receptive_radius([(3, 1)] * 4)}."
    r = receptive_radius([(3, 2), (3, 1)])
    assert r != 2, "After a stride of 2, neighbours are two pixels of the input apart. Your count doesn't know."
    assert r != 4, "The stride of a layer lengthens the steps of the layers *after* it, not its own."
    assert r == 3, f"(3, stride 2), then (3, stride 1): 1 + 2 = 3; yours {r}."


def check_20_2(starts):
    s = list(starts(100, 32))
    assert s and s[0] == 0, "The first tile begins at 0."
    assert s[-1] + 32 >= 100, \
        f"Your last tile ends at {s[-1] + 32}, and the image at 100: its last pixels are never restored."
    assert s[-1] + 32 == 100, \
        f"Your last tile begins at {s[-1]} and hangs over the end. Move it back until it is flush."
    assert max(b - a for a, b in zip(s, s[1:])) <= 16, \
        "Half a tile apart at the most, otherwise there is too little overlap to blend."
    assert s == [0, 16, 32, 48, 64, 68], f"[0, 16, 32, 48, 64, 68] would do; yours are {s}."
    assert list(starts(20, 32)) == [0], f"A side shorter than a tile: one tile at 0; yours {list(starts(20, 32))}."


def check_20_3(window):
    w = window(16)
    assert w.shape == (16, 16), f"A window of [16, 16] is wanted; yours is {list(w.shape)}."
    assert (w > 0).all(), (
        "It is 0 at the border. At an image's corner only one tile lies: its sum of weights is 0 there, and 0/0 is no "
        "colour.")
    assert torch.allclose(w, w.T) and torch.allclose(w, w.flip(0), atol=1e-6), \
        "It should be the same from all four sides; mind `periodic=False`."
    assert w[0, 8] < 0.2 * w[8, 8], \
        "It should be small at the border: where a tile knows least, it should have the least to say."
    assert w[8].diff().abs().max() < 0.35 * w.max(), "It jumps. Seams are what it is to prevent."


def check_20_4(in_tiles):
    x = torch.rand(3, 40, 52, generator=torch.Generator().manual_seed(0))
    kept = x.clone()
    y = in_tiles(lambda v: v, x, 16)
    assert torch.equal(x, kept), "The image that was handed over has changed."
    assert y.shape == x.shape, \
        f"The shape should stay [3, 40, 52], and is {list(y.shape)}. Height and width needn't be equal."
    assert y.isfinite().all(), "Some pixels were never covered, or only with a weight of 0."
    assert not (y - x)[:, 0].abs().mean() > 0.05, (
        "A network that changes nothing should give the image back, and yours has another brightness, at the border at "
        "least: divide by the sum of the weights.")
    assert torch.allclose(y, x, atol=1e-5), "A network that changes nothing should give the image back."
    seen = []
    def steps(v):
        seen.append(tuple(v.shape[1:]))
        return torch.full_like(v, float(len(seen) % 2))
    z = in_tiles(steps, x, 16)
    assert set(seen) == {(3, 16, 16)}, \
        f"The network should be given tiles of [3, 16, 16]; it was given {sorted(set(seen))}."
    assert z.diff(dim=-1).abs().max() < 0.5, \
        "Where neighbouring tiles disagree there is a hard seam: add them up with the window, don't overwrite."


def check_20_5(to_square):
    x = torch.rand(1, 1, 6, 11, generator=torch.Generator().manual_seed(0)) + 1
    square, (top, left) = to_square(x)
    assert square.shape[-2:] == (11, 11), (
        f"The square of an image of 6 × 11 is 11 × 11; yours is {list(square.shape[-2:])}. `F.pad` begins with the "
        "*last* dimension: left, right, top, bottom.")
    assert torch.equal(square[..., top:top + 6, left:left + 11], x), \
        "At the place that you name there isn't the image, pixel by pixel. (Stretched? Exchanged?)"
    assert (square > 0).all(), "A black frame is a hard edge that no training image had. Repeat the image's own edge."
    assert top in (2, 3), f"Centred: 5 rows are missing, 2 or 3 above; yours {top}."
    assert torch.equal(square[..., 0, :], x[..., 0, :]), "The rows above should repeat the first one."


def check_20_6(cut_out):
    square = torch.arange(24 * 24.0).view(1, 1, 24, 24)
    y = cut_out(square, 3, 0, 6, 12, 2)
    assert y.shape[-2:] != (24, 12), "Height and width are exchanged: in `[B, C, H, W]` rows come first."
    assert y.shape[-2:] == (12, 24), f"An image of 6 × 12, enlarged twice, has 12 × 24; yours {list(y.shape[-2:])}."
    assert torch.equal(y, square[..., 6:18, :]), (
        f"The right size from the wrong place: it begins with row {int(y.flatten()[0]) // 24}. The place was named "
        "before enlarging.")


def check_20_7(seams):
    ramp = torch.arange(64.0).expand(1, 1, 8, 64)
    assert abs(float(seams(ramp, 16)) - 1) < 1e-5, f"An even slope has no seams: 1; yours {float(seams(ramp, 16)):.3f}."
    tiled = ramp + 9 * (torch.arange(64) // 16)
    value = float(seams(tiled, 16))
    assert not abs(value - 1) < 0.5, (
        "Steps of 10 at the borders, of 1 elsewhere, and your number doesn't notice: is it looking one column too far? "
        "The step from column 15 to column 16 is across a border of tiles of 16.")
    assert not abs(value - 10 / (60 / 63 + 3 * 10 / 63)) < 1e-2, \
        "Divided by the mean over *all* steps; the borders themselves belong to the numerator only."
    assert abs(value - 10) < 1e-3, f"Steps of 10 at the borders, of 1 elsewhere: 10; yours {value:.2f}."
    assert abs(float(seams(-tiled, 16)) - 10) < 1e-3, "A step down is a step, too."


def check_20_8(choice):
    assert isinstance(choice, dict) and set(choice) == set("ABCD") and set(choice.values()) <= {"tile", "whole"}, \
        "A dictionary from A, B, C, D to \"tile\" or \"whole\"."
    assert choice["D"] != "whole", "D: to scale an image down first, and enlarge it then, wins nothing at all."
    assert choice["B"] != "tile", \
        "B: a quarter of a digit is nothing that it has ever seen; it will draw a whole digit into each tile."
    assert choice["A"] != "whole", \
        "A: its 20 pixels fit into a tile, and scaling down would throw away what was to be kept."
    assert choice["C"] != "tile", "C: in a tile of nothing but blue, is it sea or sky?"
