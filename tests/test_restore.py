"""The restorer with large and strange images: memory, files of every kind through a colorizer, and hints."""
import cv2
import numpy as np
import pytest
import torch
from benchmarks.memory import measured
from PIL import Image
from torch import nn
from torch.nn import functional as F

from recon.checkpoints import save_checkpoint
from recon.cli import main
from recon.data import load_data
from recon.images import PictureError, lab_to_rgb, read_picture, rgb_to_lab, save_picture, to_tensor
from recon.recipes import NETWORKS, Recipe, build_network, register_recipe
from recon.restore import Restorer, restore_file


@NETWORKS.register("test_painter")
class Painter(nn.Module):
    "A colorizer without training: dark is blue, light is orange; around hints it is their colour."

    def __init__(self):
        super().__init__()
        self.tint = nn.Parameter(torch.tensor([15.0, 40.0]).view(1, 2, 1, 1))

    def chroma(self, x):
        near = lambda v: F.avg_pool2d(v, 9, 1, 4)
        seen = near(x[:, 3:] / 2 + 0.5)
        return torch.where(seen > 0, near(x[:, 1:3] * 110) / seen.clamp(min=1e-6), x[:, :1] * self.tint)

    def forward(self, x): return lab_to_rgb(torch.cat([(x[:, :1] + 1) * 50, self.chroma(x)], 1))


@NETWORKS.register("test_larger")
def larger(channels): return nn.Sequential(nn.Conv2d(channels, channels * 16, 3, padding=1), nn.PixelShuffle(4))


FACTS = {"chapter": "tests", "data": "photos-tiny", "size": 64, "channels": 3}
PAINTER = Recipe(name="toy-painter", title="A toy", network="test_painter", corruption="lightness(hints=(0, 3))", fit="chroma",
                 tests=("lightness(hints=(0, 3))",), baselines=("mean_colour",), **FACTS)
LARGER = Recipe(name="toy-larger", title="A toy", network="test_larger", corruption="downscale(factor=4)", fit="tile",
                tests=("downscale(factor=4)",), baselines=("bicubic",), **FACTS)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for recipe in (PAINTER, LARGER):
        register_recipe(recipe)
        torch.manual_seed(0)
        save_checkpoint(folder / recipe.name, build_network(recipe), recipe, {}, half=False)
    return folder


@pytest.fixture(scope="module")
def painter(models): return Restorer(models / "toy-painter", device="cpu")


def lightness(x): return rgb_to_lab(x.expand(3, -1, -1)[None])[0, 0]


@pytest.mark.parametrize("way, small, large", [("tile", 1, 8), ("x4", 0.25, 2), ("chroma", 1, 8)])
def test_memory_is_flat_in_the_size_of_the_picture(way, small, large):
    few, many = measured(way, small, large)
    floats = 4 * (many["result"] - few["result"])  # what a single copy of the result as floats would add
    print(few, many)
    assert many["work"] - few["work"] < min(40, floats / 2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    "The same photograph in every way that may matter to a colorizer."
    folder = tmp_path_factory.mktemp("files")
    photo = read_picture(save_picture(load_data("photos-tiny", "test")[1][:, 100:190, 200:330], folder / "rgb.png")).pixels
    rgb = Image.open(folder / "rgb.png")
    grey, fade = rgb.convert("L"), Image.linear_gradient("L").resize(rgb.size)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey.save(folder / "l.png")
    Image.merge("LA", [grey, fade]).save(folder / "la.png")
    Image.merge("RGBA", [*rgb.split(), fade]).save(folder / "rgba.png")
    Image.fromarray((np.asarray(grey).astype(np.uint16) * 257 + 31)).save(folder / "16.png")
    rgb.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    grey.save(folder / "sideways.jpg", exif=exif, quality=95)
    grey.convert("1").save(folder / "1.png")
    Image.merge("RGB", [grey] * 3).save(folder / "equal.png")
    Image.new("L", (1, 1), 90).save(folder / "dot.png")
    Image.new("L", (700, 2), 90).save(folder / "line.png")
    assert photo.shape == (3, 90, 130)
    return folder


@pytest.mark.parametrize("name", ["rgb.png", "l.png", "la.png", "rgba.png", "16.png", "cmyk.jpg", "sideways.jpg", "1.png", "equal.png", "dot.png", "line.png"])
def test_a_colorizer_keeps_lightness_alpha_and_bits(painter, files, tmp_path, name):
    before = read_picture(files / name)
    done = restore_file(files / name, tmp_path / "out.png", painter)
    if name == "16.png": after = to_tensor(cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)[..., ::-1])
    else: after = read_picture(tmp_path / "out.png").pixels
    assert after.shape == (3, *before.size) and done.picture.bits == before.bits
    gap = (lightness(after) - lightness(before.pixels)).abs()
    assert gap.max() < (0.1 if before.bits == 16 else 0.7) and gap.mean() < 0.2
    assert name in ("1.png", "dot.png", "line.png") or rgb_to_lab(after[None])[0, 1:].abs().max() > 5, "there are colours"
    if before.alpha is not None: assert torch.equal(read_picture(tmp_path / "out.png").alpha, before.alpha)
    assert any("own were ignored" in note for note in done.notes) == (name in ("rgb.png", "rgba.png", "cmyk.jpg"))


def test_hints_on_the_command_line(models, files, tmp_path, capsys):
    args = ["restore", str(files / "l.png"), "-m", str(models / "toy-painter"), "--device", "cpu"]
    assert main([*args, "-o", str(tmp_path / "free.png")]) == 0
    assert main([*args, "-o", str(tmp_path / "led.png"), "--hint", "30,40,#c03020", "--hint", "100,60,navy"]) == 0
    free, led = (rgb_to_lab(read_picture(tmp_path / n).pixels[None])[0] for n in ("free.png", "led.png"))
    assert led[1, 36:44, 26:34].mean() > free[1, 36:44, 26:34].mean() + 10, "red"
    assert led[2, 56:64, 96:104].mean() < free[2, 56:64, 96:104].mean() - 3, "blue"
    for hint, says in (("30,40", "can't be read"), ("300,40,red", "outside the image"), ("3,4,colourful", "no colour")):
        assert main([*args, "-o", str(tmp_path / "x.png"), "--hint", hint]) == 1
        assert says in capsys.readouterr().err and not (tmp_path / "x.png").exists()
    assert main(["restore", str(files / "l.png"), "-m", str(models / "toy-larger"), "-o", str(tmp_path / "x.png"), "--hint", "3,4,red"]) == 1
    assert "takes no hints" in capsys.readouterr().err
    assert main(["restore", str(files / "l.png"), "-m", str(models / "toy-larger"), "-o", str(tmp_path / "x.png"), "--fit", "chroma"]) == 1
    assert "doesn't find colours" in capsys.readouterr().err


def test_a_result_that_its_format_cannot_hold_is_refused_before_the_work(models, tmp_path):
    Image.new("L", (4200, 2), 90).save(tmp_path / "long.png")
    with pytest.raises(PictureError, match="can't hold 16800 × 8 pixels"):
        restore_file(tmp_path / "long.png", tmp_path / "x.webp", Restorer(models / "toy-larger", device="cpu"))
    done = restore_file(tmp_path / "long.png", tmp_path / "x.png", Restorer(models / "toy-larger", device="cpu"))
    assert done.picture.size == (8, 16800) and read_picture(tmp_path / "x.png").size == (8, 16800)
