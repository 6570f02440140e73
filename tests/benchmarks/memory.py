"""Memory and time of the restorer for large photographs.

`python tests/benchmarks/memory.py [MEGAPIXELS …] [--ways exact_tiles,x4,…]`. Each measurement is a process of its own.
It makes a photograph of noise, restores it with a small untrained network, and tells the largest memory it ever had,
less what it had with libraries and photograph, less the result: that is what the work needs. It should be the same for
every size.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = {"resize": dict(network="bench_convs", task="denoise", fit="resize"),
        "exact_tiles": dict(network="bench_convs", task="denoise", fit="exact_tiles"),
        "blended_tiles": dict(network="bench_convs(norm=True)", task="denoise", fit="blended_tiles"),
        "x4": dict(network="bench_convs(scale=4)", corruption="downscale(factor=4)", task="super_resolve",
                   fit="exact_tiles"),
        "chroma": dict(network="bench_colours", corruption="lightness", task="colorize", fit="chroma")}


def now():
    "The memory this process has, in MB."
    import psutil

    return psutil.Process().memory_info().rss / 1e6


def peak():
    "The largest memory this process ever had, in MB."
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def register_networks():
    "Register small networks of three kinds."
    import torch
    from torch import nn

    from recon.images import lab_to_rgb
    from recon.recipes import NETWORKS

    @NETWORKS.register("bench_convs")
    class Convolutions(nn.Sequential):
        size_multiple = 1

        def __init__(self, channels, width=16, scale=1, norm=False):
            layers = [nn.Conv2d(channels, width, 3, padding=1)]
            for _ in range(3):
                layers.append(nn.Conv2d(width, width, 3, padding=1))
                if norm: layers.append(nn.InstanceNorm2d(width))
                layers.append(nn.ReLU())
            super().__init__(*layers, nn.Conv2d(width, channels * scale**2, 3, padding=1), nn.PixelShuffle(scale))
            self.in_channels = channels
            self.out_channels = channels
            self.scale = scale

    @NETWORKS.register("bench_colours")
    class Colours(nn.Module):
        in_channels = 1
        out_channels = 3
        scale = 1
        size_multiple = 2

        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 1, 1),
                                      nn.PixelShuffle(2), nn.Tanh())

        def chroma(self, x): return 60 * self.body(x)

        def forward(self, x): return lab_to_rgb(torch.cat([(x + 1) * 50, self.chroma(x)], 1))


def prepared(way, size=128):
    "A restorer that has worked once: libraries are loaded and buffers have grown before anything is counted."
    import torch

    from recon.checkpoints import load, save_checkpoint
    from recon.images import Picture
    from recon.recipes import Recipe, build_network, register_recipe
    from recon.restore import Restorer

    torch.set_num_threads(1)
    register_networks()
    facts = {"title": "A benchmark", "chapter": "20c_restore", "data": "shapes", "size": size, "channels": 3}
    recipe = register_recipe(Recipe(name="bench", **facts, **WAYS[way]))
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        saved = save_checkpoint(Path(folder) / "bench", build_network(recipe), recipe, {}, half=False)
        restorer = Restorer(load(saved), device="cpu")
    restorer(Picture(torch.zeros(3, 300, 300, dtype=torch.uint8)))
    return restorer


def measure(restorer, megapixels):
    "What restoring one photograph takes: a dictionary."
    import torch

    from recon.images import Picture

    height, width = (4 * round((megapixels * 1e6 * ratio) ** 0.5 / 4) for ratio in (2 / 3, 3 / 2))
    photo = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8).permute(2, 0, 1)
    before = now()
    started = time.process_time()
    done = restorer(Picture(photo)).picture
    seconds = time.process_time() - started
    after = peak()
    result = done.pixels.numel() / 1e6
    return {"megapixels": height * width / 1e6, "work": after - before - result, "picture": photo.numel() / 1e6,
            "result": result, "peak": after, "seconds": seconds}


def measured(way, *megapixels):
    "The same in a process of its own; several sizes from small to large, since a peak never falls."
    command = [sys.executable, __file__, "--one", way, *map(str, megapixels)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode: raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megapixels", nargs="*", type=float, default=[6, 12, 24])
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--one", metavar="WAY", help="measure in this process and print JSON")
    args = parser.parse_args()
    if args.one:
        restorer = prepared(args.one)
        for n in args.megapixels: print(json.dumps(measure(restorer, n)), flush=True)
        return
    print(f"{'':14}{'megapixels':>11}{'photo MB':>10}{'result MB':>11}{'work MB':>9}{'peak MB':>9}{'s/megapixel':>13}")
    for way in args.ways.split(","):
        for megapixels in args.megapixels:
            m = measured(way, megapixels)[0]
            print(f"{way:14}{m['megapixels']:11.1f}{m['picture']:10.0f}{m['result']:11.0f}{m['work']:9.0f}"
                  f"{m['peak']:9.0f}{m['seconds'] / m['megapixels']:13.2f}", flush=True)


if __name__ == "__main__": main()
