"""The restorer: memory, files of every kind, hints, holes, and the same bytes from library and command line."""
import cv2
import numpy as np
import pytest
import torch
from benchmarks.memory import measured
from PIL import Image
from torch import nn
from torch.nn import functional as F

from recon.baselines import build_baseline
from recon.checkpoints import load, save_checkpoint
from recon.cli import main
from recon.core import ReconError, seeded_generator
from recon.corruptions import build_corruption
from recon.data import load_data
from recon.images import (
    Picture, PictureError, lab_to_rgb, read_picture, rgb_to_lab, save_picture, to_floats, to_levels, to_tensor
)
from recon.recipes import NETWORKS, Recipe, build_network, register_recipe
from recon.restore import Restorer, example_images, restore_file


@NETWORKS.register("test_painter")
class Painter(nn.Module):
    "A colorizer without training: dark is blue, light is orange; around hints it is their colour."
    in_channels = 4
    out_channels = 3
    scale = 1
    size_multiple = 1

    def __init__(self):
        super().__init__()
        self.tint = nn.Parameter(torch.tensor([15.0, 40.0]).view(1, 2, 1, 1))

    def chroma(self, x):
        seen = F.avg_pool2d(x[:, 3:] / 2 + 0.5, 9, 1, 4)
        hinted = F.avg_pool2d(x[:, 1:3] * 110, 9, 1, 4) / seen.clamp(min=1e-6)
        return torch.where(seen > 0, hinted, x[:, :1] * self.tint)

    def forward(self, x): return lab_to_rgb(torch.cat([(x[:, :1] + 1) * 50, self.chroma(x)], 1))


@NETWORKS.register("test_larger")
class Larger(nn.Sequential):
    "Four times as large, without training."
    scale = 4
    size_multiple = 1

    def __init__(self, channels):
        super().__init__(nn.Conv2d(channels, channels * 16, 3, padding=1), nn.PixelShuffle(4))
        self.in_channels = channels
        self.out_channels = channels


FACTS = {"title": "A toy", "chapter": "tests", "data": "photos-tiny", "size": 64, "channels": 3}
PAINTER = Recipe(name="toy-painter", task="colorize", network="test_painter", corruption="lightness(hints=(0, 3))",
                 fit="chroma", **FACTS)
LARGER = Recipe(name="toy-larger", task="super_resolve", network="test_larger", corruption="downscale(factor=4)",
                fit="exact_tiles", **FACTS)


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


@pytest.mark.parametrize("way, small, large", [("exact_tiles", 1, 8), ("x4", 0.25, 2), ("chroma", 1, 8)])
def test_memory_is_flat_in_the_size_of_the_image(way, small, large):
    few, many = measured(way, small, large)
    floats = 4 * (many["result"] - few["result"])  # what a single copy of the result as floats would add
    print(few, many)
    assert many["work"] - few["work"] < min(40, floats / 2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    "The same photograph in every way that may matter to a colorizer."
    folder = tmp_path_factory.mktemp("files")
    crop = load_data("photos-tiny", "test")[1][:, 100:190, 200:330]
    photo = read_picture(save_picture(crop, folder / "rgb.png")).pixels
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


FILES = ("rgb.png", "l.png", "la.png", "rgba.png", "16.png", "cmyk.jpg", "sideways.jpg", "1.png", "equal.png",
         "dot.png", "line.png")


@pytest.mark.parametrize("name", FILES)
def test_a_colorizer_keeps_lightness_alpha_and_bits(painter, files, tmp_path, name):
    before = read_picture(files / name)
    done = restore_file(files / name, tmp_path / "out.png", painter)
    if name == "16.png": after = to_tensor(cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)[..., ::-1])
    else: after = read_picture(tmp_path / "out.png").pixels
    assert after.shape == (3, *before.size) and done.picture.bits == before.bits
    gap = (lightness(after) - lightness(before.pixels)).abs()
    assert gap.max() < (0.1 if before.bits == 16 else 0.7) and gap.mean() < 0.2
    if name not in ("1.png", "dot.png", "line.png"): assert rgb_to_lab(after[None])[0, 1:].abs().max() > 5, "no colours"
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
    args = ["restore", str(files / "l.png"), "-m", str(models / "toy-larger"), "-o", str(tmp_path / "x.png")]
    for option, says in ((["--hint", "3,4,red"], "takes no hints"), (["--fit", "chroma"], "doesn't find colours"),
                         (["--fit", "windows"], "doesn't fill holes"), (["--fit", "exact_tile"], "did you mean")):
        assert main([*args, *option]) == 1
        assert says in capsys.readouterr().err


def test_a_result_that_its_format_cannot_hold_is_refused_before_the_work(models, tmp_path):
    Image.new("L", (4200, 2), 90).save(tmp_path / "long.png")
    with pytest.raises(PictureError, match="can't hold 16800 × 8 pixels"):
        restore_file(tmp_path / "long.png", tmp_path / "x.webp", Restorer(models / "toy-larger", device="cpu"))
    done = restore_file(tmp_path / "long.png", tmp_path / "x.png", Restorer(models / "toy-larger", device="cpu"))
    assert done.picture.size == (8, 16800) and read_picture(tmp_path / "x.png").size == (8, 16800)


def astronaut():
    "The face of the embedded portrait, [1, 3, 128, 128], placed as in the faces of training."
    portraits = load_data("photos-tiny", "all")
    index = next(i for i, key in enumerate(portraits.keys) if key.startswith("astronaut"))
    face = portraits[index][None, :, 50:180, 160:290]
    return F.interpolate(face, (128, 128), mode="bicubic", antialias=True).clamp(-1, 1)


@pytest.mark.parametrize("name", ["resnet-faces", "resnet-gan-faces", "conv-ae-faces"])
def test_a_face_under_a_white_rectangle_comes_back_when_the_mask_is_known(name):
    face = astronaut()
    restorer = Restorer(name, device="cpu")
    corruption = build_corruption("rectangle(size=(30, 40))")
    errors = {"network": 0.0, "Telea": 0.0, "grey": 0.0}
    for seed in range(8):
        corrupted, mask = corruption(face, torch.Generator().manual_seed(seed))
        # The mask is what counts: whatever the file shows under it, white or not, must not matter.
        shown = torch.where(mask > 0, -0.5, corrupted)
        restored = restorer(shown[0], mask[0]).picture.pixels[None]
        telea = build_baseline("telea")(shown, mask)
        for who, y in {"network": restored, "Telea": telea, "grey": torch.where(mask > 0, 0.0, face)}.items():
            errors[who] += ((y - face).square() * mask).sum().item() / mask.sum().item() / 24
        assert torch.equal(restored * (1 - mask), shown * (1 - mask))
    print(name, {who: round(error, 4) for who, error in errors.items()})
    assert errors["network"] < errors["Telea"] and errors["network"] < errors["grey"] / 3


@pytest.mark.parametrize("name", ["resnet-gan-faces", "hole-cifar10", "artifact-mnist"])
def test_holes_of_any_shape_are_filled_on_images_of_any_size(name):
    photo = load_data("photos-tiny", "test")[1][None, :, 100:250, 200:420]
    strokes = build_corruption("free_form(strokes=3, width=(0.03, 0.05))")
    corrupted, mask = strokes(photo, seeded_generator("strokes"))
    done = Restorer(name, device="cpu")(Picture(to_levels(corrupted[0], torch.uint8)), mask[0])
    y = to_floats(done.picture.pixels)[None]
    error, before = (((x - photo).square() * mask).mean() for x in (y, corrupted))
    assert torch.equal(y * (1 - mask), to_floats(to_levels(corrupted, torch.uint8)) * (1 - mask))
    assert torch.equal(done.mask, mask[0] > 0) and error < (0.3 if name == "artifact-mnist" else 0.1) * before
    assert (len(done.notes) == 1 and "one by one" in done.notes[0]) == (name == "artifact-mnist")


def test_a_hole_of_training_size_in_another_place_is_filled_too():
    x = example_images(load("hole-cifar10"), 1)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 2:10, 3:11] = 1
    y = Restorer("hole-cifar10", device="cpu")(x[0], mask[0]).picture.pixels
    assert not (y[:, 2:10, 3:11] == 0).any(), "not the grey that holes are filled with"
    assert torch.equal(y * (1 - mask[0]), x[0] * (1 - mask[0]))


def test_what_needs_a_mask_says_so_and_what_finds_one_returns_it():
    filler = Restorer("hole-cifar10", device="cpu")
    with pytest.raises(ReconError, match="has to be given a mask"): filler(torch.zeros(3, 40, 50))
    cleaner = Restorer("artifact-mnist", device="cpu")
    digits = load_data("digits28", "test").stack(9)
    page = digits.unflatten(0, (3, 3)).permute(2, 0, 3, 1, 4).reshape(1, 84, 84)
    covered, mask = build_corruption("rectangle(size=(16, 26))")(page[None], torch.Generator().manual_seed(3))
    done = cleaner(covered[0])
    assert cleaner.finds_mask and not filler.finds_mask
    assert (done.mask & (mask[0] > 0)).sum() > 0.5 * (done.mask | (mask[0] > 0)).sum()
    assert torch.equal(done.picture.pixels[~done.mask], covered[0][~done.mask])
    assert (done.picture.pixels - page).square().mean() < 0.7 * (covered[0] - page).square().mean()


MODELS = {"denoising-photos": "gaussian_noise(sigma=0.1)", "denoising-mnist": "gaussian_noise(sigma=0.3)",
          "artifact-mnist": "rectangle(size=(30, 40))", "hole-cifar10": "center_hole(size=30)",
          "resnet-gan-faces": "rectangle(size=(40, 50))", "srresnet-photos": "none", "colorizer-photos": "lightness",
          "pix2pix-facades": "none", "dense-mnist-noisy": "gaussian_noise(sigma=0.2)"}


def corrupted_file(name, folder):
    "A corrupted photograph and, where the model gets one, its mask, as files."
    photo = load_data("photos-tiny", "test")[1][None, :, 100:190, 200:330]
    corrupted, mask = build_corruption(MODELS[name])(photo, seeded_generator(name))
    picture = save_picture(corrupted[0, :1] if name == "colorizer-photos" else corrupted[0], folder / "corrupted.png")
    if name not in ("hole-cifar10", "resnet-gan-faces"): return picture, None
    return picture, save_picture(mask[0] * 2 - 1, folder / "mask.png")


@pytest.mark.parametrize("name", MODELS)
def test_library_and_command_line_give_the_same_bytes(name, tmp_path):
    picture, mask = corrupted_file(name, tmp_path)
    options = ["--mask", str(mask)] if mask else []
    hints = []
    if name == "colorizer-photos":
        hints = [(30, 40, "#c03020")]
        options += ["--hint", "30,40,#c03020"]
    args = ["restore", str(picture), "-m", name, "-o", str(tmp_path / "cli.png"), "--device", "cpu"]
    assert main([*args, *options]) == 0
    restorer = Restorer(name, device="cpu")
    for kind, levels in (("floats", False), ("levels", True)):
        done = restorer(read_picture(picture, levels=levels), mask and read_picture(mask), hints)
        save_picture(done.picture, tmp_path / f"{kind}.png")
        assert (tmp_path / f"{kind}.png").read_bytes() == (tmp_path / "cli.png").read_bytes(), kind
    assert read_picture(tmp_path / "cli.png").size == tuple(n * restorer.scale for n in read_picture(picture).size)


def test_the_caller_keeps_its_network():
    checkpoint = load("denoising-photos")
    before = {key: value.clone() for key, value in checkpoint.network.state_dict().items()}
    strides = [p.stride() for p in checkpoint.network.parameters()]
    checkpoint.network.train()
    Restorer(checkpoint, device="cpu")(torch.zeros(3, 40, 40))
    assert checkpoint.network.training and strides == [p.stride() for p in checkpoint.network.parameters()]
    assert all(torch.equal(value, before[key]) for key, value in checkpoint.network.state_dict().items())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_get_a_sentence(bad):
    x = torch.zeros(1, 28, 28)
    x[0, 3, 4] = bad
    with pytest.raises(PictureError, match="no numbers"): Restorer("denoising-mnist", device="cpu")(x)
