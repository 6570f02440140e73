# %% [markdown]
# # Exercise 20: any image through a network
# Eight tasks, about an hour: any image through a small network, without seams, without stretching, and without touching what is known.

# %%
import torch
from torch.nn import functional as F

from recon.benchmark import show_rows
from recon.core import seeded_generator
from recon.data import load_data

photo = load_data("photos-tiny", "test")[1]
print("a photograph of", tuple(photo.shape[1:]), "pixels")

# %% for checks
import torch

# %% [markdown]
# ## 20.1 How far does it look?
# How many pixels to each side does an output pixel of a stack of convolutions depend on? Each layer is `(kernel, stride)`, with odd kernels. A layer looks
# (kernel - 1)/2 of *its* pixels far; after a stride of 2 a step is twice as long in the input.

# %% answer 20.1
def receptive_radius(layers):
    "Pixels of the input, to each side, that an output pixel depends on."
    ### BEGIN SOLUTION
    far, step = 0, 1
    for kernel, stride in layers:
        far += (kernel - 1) // 2 * step
        step *= stride
    return far
    ### END SOLUTION

# %% check 20.1
def check(receptive_radius):
    assert receptive_radius([(3, 1)]) == 1, \
        f"A single 3 × 3 convolution looks one pixel to each side; yours {receptive_radius([(3, 1)])}."
    assert receptive_radius([(3, 1)] * 4) == 4, \
        f"Four of them look 4 far, one further each; yours {receptive_radius([(3, 1)] * 4)}."
    r = receptive_radius([(3, 2), (3, 1)])
    assert r != 2, "After a stride of 2, neighbours are two pixels of the input apart. Your count doesn't know."
    assert r != 4, "The stride of a layer lengthens the steps of the layers *after* it, not its own."
    assert r == 3, f"(3, stride 2), then (3, stride 1): 1 + 2 = 3; yours {r}."


# %% hidden 20.1
def hidden(receptive_radius):
    assert receptive_radius([(9, 1), (3, 2), (5, 2), (3, 1)]) == 4 + 1 + 4 + 4, "mixed"
    assert receptive_radius([]) == 0, "none at all"


# %% wrong 20.1: Your count doesn't know
def receptive_radius(layers): return sum((kernel - 1) // 2 for kernel, _ in layers)

# %% wrong 20.1: *after* it
def receptive_radius(layers):
    far, step = 0, 1
    for kernel, stride in layers:
        step *= stride
        far += (kernel - 1) // 2 * step
    return far

# %% [markdown]
# ## 20.2 Where tiles begin
# Tiles overlap by half. Return the positions at which they begin along a side: half a tile apart, the **last flush with the end**, none beyond it. A side that is no longer than a
# tile has one tile, at 0.

# %% answer 20.2
def starts(length, tile):
    "Ascending positions, as a list."
    ### BEGIN SOLUTION
    return sorted({*range(0, max(1, length - tile), tile // 2), max(0, length - tile)})
    ### END SOLUTION

# %% check 20.2
def check(starts):
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

# %% hidden 20.2
def hidden(starts):
    assert list(starts(32, 32)) == [0] and list(starts(64, 32)) == [0, 16, 32] and list(starts(33, 32)) == [0, 1], \
        "exact fits, no position twice"

# %% wrong 20.2: never restored
def starts(length, tile): return list(range(0, max(1, length - tile + 1), tile // 2))

# %% wrong 20.2: hangs over the end
def starts(length, tile): return list(range(0, length, tile // 2))

# %% [markdown]
# ## 20.3 The window
# Each tile is faded out towards its border. Write the window: largest in the middle, falling smoothly to the sides (a Hann window, `torch.hann_window`, in both directions), but **nowhere 0**.

# %% answer 20.3
def window(tile):
    "Weights of a tile's pixels, `[tile, tile]`."
    ### BEGIN SOLUTION
    ramp = torch.hann_window(tile + 2, periodic=False)[1:-1]
    return ramp[:, None] * ramp[None]
    ### END SOLUTION

# %% check 20.3
def check(window):
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

# %% hidden 20.3
def hidden(window): assert window(2).min() > 0 and window(1).shape == (1, 1) and window(1) > 0, "tiny tiles"

# %% wrong 20.3: 0/0 is no colour
def window(tile):
    ramp = torch.hann_window(tile, periodic=False)
    return ramp[:, None] * ramp[None]

# %% wrong 20.3: the least to say
def window(tile): return torch.ones(tile, tile)

# %% [markdown]
# ## 20.4 In tiles
# Put it together: $y(p) = \sum_t w_t(p)\,g(x_t)(p) \big/ \sum_t w_t(p)$. The image is `[C, H, W]` and at least as large as a tile; `network` takes `[B, C, tile, tile]`.

# %% answer 20.4 (2 points)
def in_tiles(network, x, tile):
    "The image, restored in overlapping tiles and blended."
    ### BEGIN SOLUTION
    total, weight, w = torch.zeros_like(x), torch.zeros(x.shape[1:]), window(tile)
    for top in starts(x.shape[1], tile):
        for left in starts(x.shape[2], tile):
            area = slice(top, top + tile), slice(left, left + tile)
            total[:, *area] += w * network(x[:, *area][None])[0]
            weight[area] += w
    return total / weight
    ### END SOLUTION

# %% check 20.4
def check(in_tiles):
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

# %% hidden 20.4
def hidden(in_tiles):
    x = torch.rand(1, 16, 16)
    assert torch.allclose(in_tiles(lambda v: -v, x, 16), -x, atol=1e-5), "a single tile"

# %% wrong 20.4: divide by the sum
def in_tiles(network, x, tile):
    total, w = torch.zeros_like(x), window(tile)
    for top in starts(x.shape[1], tile):
        for left in starts(x.shape[2], tile):
            total[:, top:top + tile, left:left + tile] += (
                w * network(x[None, :, top:top + tile, left:left + tile])[0]
            )
    return total

# %% wrong 20.4: don't overwrite
def in_tiles(network, x, tile):
    y = torch.zeros_like(x)
    for top in starts(x.shape[1], tile):
        for left in starts(x.shape[2], tile):
            y[:, top:top + tile, left:left + tile] = network(x[None, :, top:top + tile, left:left + tile])[0]
    return y

# %%
blur = lambda v: F.avg_pool2d(F.pad(v, (2, 2, 2, 2), mode="replicate"), 5, 1)
small = photo[:, :96, :120]
apart = (in_tiles(blur, small, 32) - blur(small[None])[0])[:, 3:-3, 3:-3].abs().max().item()
print(f"blurred in tiles and as a whole: they differ by at most {apart:.3f} of 2")

# %% [markdown]
# ## 20.5 Square, without stretching
# A network takes squares. Make any image square by **repeating its edge** (`F.pad(…, mode="replicate")`), centred, and say where the image lies in it, so that one can
# cut it out again.

# %% answer 20.5 (2 points)
def to_square(x):
    "The square `[B, C, S, S]`, and `(top, left)` of the image `[B, C, H, W]` in it."
    ### BEGIN SOLUTION
    height, width = x.shape[-2:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(x, (left, side - width - left, top, side - height - top), mode="replicate"), (top, left)
    ### END SOLUTION

# %% check 20.5
def check(to_square):
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

# %% hidden 20.5
def hidden(to_square):
    x = torch.rand(2, 3, 9, 4)
    square, (top, left) = to_square(x)
    assert square.shape == (2, 3, 9, 9) and torch.equal(square[..., top:top + 9, left:left + 4], x), "a tall one"
    assert torch.equal(to_square(torch.ones(1, 1, 5, 5))[0], torch.ones(1, 1, 5, 5)), "a square stays"

# %% wrong 20.5: a hard edge
def to_square(x):
    height, width = x.shape[-2:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(x, (left, side - width - left, top, side - height - top)), (top, left)

# %% wrong 20.5: pixel by pixel
def to_square(x):
    side = max(x.shape[-2:])
    return F.interpolate(x, size=(side, side)), (0, 0)

# %% [markdown]
# ## 20.6 Find the bug: portraits come back as landscapes
# This function cuts the image out of the square again, after a network that enlarges by `scale`. It works for every square test image. Fix it; two bugs.

# %% answer 20.6
def cut_out(square, top, left, height, width, scale):
    "The image's part of the answer `[B, C, S·scale, S·scale]`; places and sizes are those *before* enlarging."
    ### BEGIN SOLUTION
    return square[..., top * scale:(top + height) * scale, left * scale:(left + width) * scale]
    ### STUDENT
    #: return square[..., left * scale:(left + width) * scale, top:top + height * scale]
    ### END SOLUTION

# %% check 20.6
def check(cut_out):
    square = torch.arange(24 * 24.0).view(1, 1, 24, 24)
    y = cut_out(square, 3, 0, 6, 12, 2)
    assert y.shape[-2:] != (24, 12), "Height and width are exchanged: in `[B, C, H, W]` rows come first."
    assert y.shape[-2:] == (12, 24), f"An image of 6 × 12, enlarged twice, has 12 × 24; yours {list(y.shape[-2:])}."
    assert torch.equal(y, square[..., 6:18, :]), (
        f"The right size from the wrong place: it begins with row {int(y.flatten()[0]) // 24}. The place was named "
        "before enlarging.")

# %% hidden 20.6
def hidden(cut_out):
    square = torch.rand(1, 1, 9, 9)
    assert torch.equal(cut_out(square, 0, 2, 9, 4, 1), square[..., :, 2:6]), "a portrait, not enlarged"


# %% wrong 20.6: rows come first
def cut_out(square, top, left, height, width, scale):
    return square[..., left * scale:(left + width) * scale, top * scale:(top + height) * scale]


# %% wrong 20.6: from the wrong place
def cut_out(square, top, left, height, width, scale):
    return square[..., top:top + height * scale, left:left + width * scale]


# %% [markdown]
# ## 20.7 See the seams
# A number that notices seams: the mean absolute step between horizontal neighbours **across** the borders of tiles (between columns $kT - 1$ and $kT$), divided by the mean step everywhere
# else. 1: nothing to be seen.

# %% answer 20.7
def seams(y, tile):
    "How much larger steps are across tile borders; `[B, C, H, W]`."
    ### BEGIN SOLUTION
    step = (y[..., 1:] - y[..., :-1]).abs()
    across = torch.arange(1, y.shape[-1]) % tile == 0
    return (step[..., across].mean() / step[..., ~across].mean()).item()
    ### END SOLUTION

# %% check 20.7
def check(seams):
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

# %% hidden 20.7
def hidden(seams):
    assert abs(seams(torch.arange(10.0).expand(2, 3, 4, 10) * 2, 4) - 1) < 1e-5, "tiles that don't divide the width"

# %% wrong 20.7: one column too far
def seams(y, tile):
    step = (y[..., 1:] - y[..., :-1]).abs()
    across = torch.arange(y.shape[-1] - 1) % tile == 0
    return (step[..., across].mean() / step[..., ~across].mean()).item()

# %% wrong 20.7: over *all* steps
def seams(y, tile):
    step = (y[..., 1:] - y[..., :-1]).abs()
    across = torch.arange(1, y.shape[-1]) % tile == 0
    return (step[..., across].mean() / step.mean()).item()

# %%
unsteady = lambda v: v + 0.3 * torch.rand(len(v), 1, 1, 1, generator=seeded_generator(float(v.flatten()[0])))
hard = torch.zeros_like(photo[:, :96, :128])
for top in range(0, 96, 32):
    for left in range(0, 128, 32):
        hard[:, top:top + 32, left:left + 32] = unsteady(photo[None, :, top:top + 32, left:left + 32])[0]
soft = in_tiles(unsteady, photo[:, :96, :128], 32)
print(f"a network that gives every tile another brightness: hard tiles {seams(hard[None], 32):.2f}, "
      f"blended {seams(soft[None], 32):.2f}, the photograph itself {seams(photo[None, :, :96, :128], 32):.2f}")

# %% [markdown]
# ## 20.8 Design: whole or in tiles?
# For each network decide: `"tile"` (keep the resolution, look piece by piece) or `"whole"` (scale the image to the network's size). **A** a denoiser, convolutional, 20 pixels to each side;
# **B** the dense autoencoder for digits; **C** a colorizer that has to see the whole scene to know what is sky; **D** ×4 super-resolution.

# %% answer 20.8
choice = {"A": "tile", "B": "whole", "C": "whole", "D": "tile"}  ### SOLUTION

# %% check 20.8
def check(choice):
    assert isinstance(choice, dict) and set(choice) == set("ABCD") and set(choice.values()) <= {"tile", "whole"}, \
        "A dictionary from A, B, C, D to \"tile\" or \"whole\"."
    assert choice["D"] != "whole", "D: to scale an image down first, and enlarge it then, wins nothing at all."
    assert choice["B"] != "tile", \
        "B: a quarter of a digit is nothing that it has ever seen; it will draw a whole digit into each tile."
    assert choice["A"] != "whole", \
        "A: its 20 pixels fit into a tile, and scaling down would throw away what was to be kept."
    assert choice["C"] != "tile", "C: in a tile of nothing but blue, is it sea or sky?"

# %% hidden 20.8
def hidden(choice): assert choice == {"A": "tile", "B": "whole", "C": "whole", "D": "tile"}, "tile, whole, whole, tile"

# %% wrong 20.8: wins nothing at all
choice = dict.fromkeys("ABCD", "whole")

# %% wrong 20.8: a quarter of a digit
choice = dict.fromkeys("ABCD", "tile") | {"C": "whole"}
