"""Files that people really have, and files that nobody should have."""
import io
import sys
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from recon.core import DataError, ReconError, parse_spec
from recon.data import load_data
from recon.images import Picture, PictureError, read_picture, save_picture

settings.register_profile("recon", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("recon")


def encoded(image, kind, **options):
    image.save(buffer := io.BytesIO(), kind, **options)
    return buffer.getvalue()


RAMP = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
GOOD = {kind: encoded(RAMP.convert(mode), kind) for kind, mode in
        (("PNG", "L"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("GIF", "P"), ("BMP", "RGB"), ("TIFF", "L"), ("PPM", "RGB"))}


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_damaged_files_give_an_image_or_a_sentence(kind, data):
    content = bytearray(GOOD[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(content)[:data.draw(st.integers(1, len(content)))]
    try: picture = read_picture(content, max_pixels=10**6)
    except PictureError as e: assert str(e).endswith(".") and "\n" not in str(e)
    else: assert torch.isfinite(picture.pixels).all() and picture.pixels.abs().max() <= 1


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["L", "RGB", "LA", "RGBA"]), st.integers(0, 99))
def test_a_png_survives_writing_and_reading(width, height, mode, seed):
    channels = len(Image.new(mode, (1, 1)).getbands())
    array = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    picture = read_picture(encoded(Image.fromarray(array.squeeze(2) if channels == 1 else array, mode), "PNG"))
    assert picture.size == (height, width) and (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    both = torch.cat([picture.pixels, picture.alpha * 2 - 1]) if picture.alpha is not None else picture.pixels
    assert np.array_equal(((both + 1) * 127.5).round().byte().permute(1, 2, 0).numpy(), array)


@given(st.text(max_size=60))
def test_a_spec_is_read_or_refused_and_never_run(text):
    try: name, options = parse_spec(text)
    except ReconError: return
    assert isinstance(name, str) and all(isinstance(k, str) for k in options)


@pytest.mark.parametrize("channels, with_alpha", [(1, False), (1, True), (3, False), (3, True)])
def test_without_opencv_pillow_writes_png_files_with_8_bits(channels, with_alpha, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    levels = torch.randint(256, (4, 9, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    picture = Picture(levels[:channels], levels[3:] if with_alpha else None)
    again = read_picture(save_picture(picture, tmp_path / "a.png"), levels=True)
    assert torch.equal(again.pixels, picture.pixels) and (again.alpha is not None) == with_alpha
    assert not with_alpha or torch.equal(again.alpha, picture.alpha)
    with pytest.raises(PictureError, match="16 bits needs OpenCV"):
        save_picture(Picture(levels[:channels].float() / 127.5 - 1, bits=16), tmp_path / "b.png")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_metadata_is_dropped(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "a camera", "a secret"
    (tmp_path / "a.jpg").write_bytes(encoded(RAMP, "JPEG", exif=exif, comment=b"another secret"))
    saved = save_picture(read_picture(tmp_path / "a.jpg"), tmp_path / "b.jpg").read_bytes()
    assert b"secret" not in saved and b"camera" not in saved


def test_adobe_cmyk_jpeg_is_not_inverted():
    grey = encoded(Image.new("RGB", (16, 16), (200, 200, 200)).convert("CMYK"), "JPEG", quality=95)
    assert abs(read_picture(grey).pixels.mean().item() - (200 / 127.5 - 1)) < 0.03


def test_wide_gamut_is_brought_to_srgb():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    tagged = encoded(Image.new("RGB", (8, 8), (10, 200, 30)), "PNG", icc_profile=profile.tobytes())
    assert read_picture(tagged).pixels.shape == (3, 8, 8), "a profile that doesn't fit is ignored"


def test_zip_bombs_and_paths_in_zips(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("huge.png", b"\0" * (60 * 2**20))
        z.writestr("../../outside.png", GOOD["PNG"])
        z.writestr("good.png", GOOD["PNG"])
    with pytest.warns(UserWarning, match="larger than 50 MB"):
        data = load_data(str(tmp_path / "evil.zip"), "all", size=16)
    assert len(data) == 1 and not list(tmp_path.parent.glob("outside*")), "zips are read, never unpacked"


def test_a_zip_is_read_in_worker_processes(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as z:
        for i in range(12): z.writestr(f"{i}.png", encoded(Image.new("L", (8 + i % 2, 8), 20 * i), "PNG"))
    data = load_data(str(tmp_path / "set.zip"), "all")
    assert not isinstance(data.pixels, torch.Tensor)
    loader = torch.utils.data.DataLoader(data, batch_size=1, num_workers=2)
    assert [round(x.mean().item(), 3) for x in loader] == [round(data[i].mean().item(), 3) for i in range(12)]


def test_a_broken_download_leaves_the_set_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_DATA", str(tmp_path))
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "MNIST" / "raw" / f"{name}-ubyte.gz").write_bytes(b"\x1f\x8b cut")
    with pytest.raises(DataError, match="damaged"): load_data("mnist")
