"""Corruption of any shape, filled by a network that has only ever seen one: it is shown windows in which the corruption looks as in training."""
import functools

import numpy as np
import torch
from torch.nn import functional as F

from recon.corruptions import build_corruption

MOST = 300  # windows


@functools.cache
def trained_hole(spec, size):
    "Where the corruption of training lies in the image: `(top, left, side)`; a place by chance counts as the middle."
    masks = build_corruption(spec)(torch.zeros(32, 1, size, size), torch.Generator().manual_seed(0)).mask
    side = round(masks.sum((1, 2, 3)).mean().sqrt().item())
    if (masks == masks[:1]).all():
        rows, columns = masks[0, 0].nonzero().T
        return rows.min().item(), columns.min().item(), side
    return (size - side) // 2, (size - side) // 2, side


def continued(x, known):
    "Missing pixels from the colours around them: averages of ever larger squares. `x` is `[C, H, W]`, `known` `[1, H, W]`."
    if known.all() or min(x.shape[-2:]) < 2: return x
    known = known.to(x)
    share = F.avg_pool2d(known[None], 2, ceil_mode=True)[0]
    small = F.avg_pool2d((x * known)[None], 2, ceil_mode=True)[0] / share.clamp(min=1e-6)
    large = F.interpolate(continued(small, share > 0)[None], scale_factor=2, mode="bilinear")[0, :, :x.shape[1], :x.shape[2]]
    return torch.where(known > 0, x, large)


def _cover(part, top, left, least):
    "Squares `(top, left, side)` that cover one piece of the corruption: a single one for a compact piece, a chain for a stroke."
    import cv2

    thick = 2 * cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 5).max()
    height, width = part.shape
    if max(part.shape) <= max(least, 1.6 * thick):
        side = max(least, round(max(part.shape) * 1.05))
        return [(top + (height - side) // 2, left + (width - side) // 2, side)]
    side = max(least, round(thick * 1.1))
    starts = [(a, b) for a in range(-(side // 4), height, side // 2) for b in range(-(side // 4), width, side // 2)]
    return [(top + a, left + b, side) for a, b in starts if part[max(0, a):a + side, max(0, b):b + side].any()]


def squares(mask, least):
    "Squares that cover the corruption `[H, W]`; coarser ones when there would be too many."
    import cv2

    while True:
        count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask)
        found = []
        for k, (left, top, width, height, _) in enumerate(boxes[1:], 1):
            if len(found) <= MOST and k <= MOST: found += _cover((labels[top:top + height, left:left + width] == k).astype(np.uint8), top, left, least)
        if len(found) <= MOST and count <= MOST: return found
        least, mask = least * 2, cv2.dilate(mask, np.ones((least, least), np.uint8))


def _window(x, top, left, side):
    "A square of an image `[C, H, W]` that is continued by its mirror image."
    rows, columns = (torch.from_numpy(np.pad(np.arange(n), side, mode="symmetric")[start + side:start + 2 * side])
                     for n, start in zip(x.shape[-2:], (top, left)))
    return x[:, rows][:, :, columns]


def _resized(x, side): return x if x.shape[-1] == side else F.interpolate(x, (side, side), mode="bicubic", antialias=True)


@torch.no_grad()
def fill(restorer, x, mask, check=lambda: None):
    "An image `[C, H, W]` in which the network drew what the mask `[1, H, W]` covers; nothing else changes."
    see, recipe = restorer.sight, restorer.checkpoint.recipe
    if not mask.any(): return x
    if see.channels == 1 and len(x) == 3: return torch.cat([fill(restorer, plane[None], mask, check) for plane in x])
    if see.channels == 3 and len(x) == 1: return fill(restorer, x.expand(3, -1, -1), mask, check).mean(0, keepdim=True)
    a, b, side = trained_hole(recipe.corruption, see.size)
    start, total, weight = continued(x, ~mask), torch.zeros_like(x), torch.zeros_like(x[:1])
    for part in torch.tensor(squares(mask[0].numpy().astype(np.uint8), side)).view(-1, 3).split(16):
        check()
        zoom = [q / side for q in part[:, 2].tolist()]
        shown = torch.cat([_resized(_window(start, t - round(a * z), l - round(b * z), round(see.size * z))[None], see.size)
                           for (t, l, _), z in zip(part.tolist(), zoom)])
        shown[..., a:a + side, b:b + side] = 0.0 if restorer.fill is None else restorer.fill
        for square, y in zip(part.tolist(), restorer.batch(shown)[..., a:a + side, b:b + side]): _add(total, weight, y, *square)
    drawn = torch.where(weight > 0, total / weight.clamp(min=1e-6), start)
    return torch.where(mask, drawn.clamp(-1, 1), x)


def _add(total, weight, y, top, left, side):
    "Lay a square over the image, fading towards its border."
    fade = torch.hann_window(side + 2, periodic=False)[1:-1].clamp(min=0.03)
    y, fade = _resized(y[None], side)[0], fade[:, None] * fade
    height, width = total.shape[-2:]
    here = ..., slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    inside = ..., slice(max(0, -top), min(side, height - top)), slice(max(0, -left), min(side, width - left))
    total[here] += (y * fade)[inside]
    weight[here] += fade[inside]
