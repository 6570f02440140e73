"""The command line as a user meets it: a process of its own, with files of every kind."""
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "120", "NO_COLOR": "1"}
RECON = [sys.executable, "-c", "import sys; from recon.cli import main; sys.exit(main())"]
MODEL = "dense-mnist-noisy"
COMMANDS = ("train", "evaluate", "restore", "export", "models", "demo", "lab")


def recon(*args, code=0, cwd=None, env=None):
    done = subprocess.run([*RECON, *map(str, args)], capture_output=True, text=True, env=env or ENV, cwd=cwd or ROOT,
                          timeout=300)
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def restore(source, out, *options, code=0):
    return recon("restore", source, "--model", MODEL, "-o", out, *options, code=code)


def test_the_installed_command_works():
    script = Path(sys.executable).with_name("recon.exe" if sys.platform == "win32" else "recon")
    if not script.exists(): pytest.skip("recon isn't installed in this environment")
    assert subprocess.run([script, "--version"], capture_output=True, text=True, env=ENV).stdout.strip()


@pytest.mark.parametrize("command", ["", "data", *COMMANDS])
def test_help_has_examples(command):
    text = recon(*command.split(), "--help").stdout
    assert len(text) > 200
    if command in COMMANDS: assert "Example" in text


def test_help_loads_nothing_heavy():
    heavy = "torch torchvision numpy cv2 skimage sklearn matplotlib gradio streamlit accelerate tqdm recon.data".split()
    code = ("import sys; from recon.cli import main; main(['restore', '--help']); "
            f"print([m for m in {heavy} if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENV, cwd=ROOT)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("place", ["apps/space", "recon/space"], ids=["clone", "wheel"])
def test_apps_load_as_packages(place, tmp_path):
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "app.py").write_text("from .part import NUMBER\n")
    (tmp_path / place / "part.py").write_text("NUMBER = 7\n")
    code = (f"import sys, recon; recon.__file__ = {str(tmp_path / 'recon' / '__init__.py')!r}\n"
            "from recon.cli import load_app\nprint(load_app().NUMBER, load_app() is sys.modules['recon_space.app'])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENV, cwd=ROOT)
    assert done.stdout.strip() == "7 True", done.stderr


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    "One file of each difficult kind, by name."
    folder = tmp_path_factory.mktemp("files")
    ramp = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (30, 1))
    grey, rgb = Image.fromarray(ramp), Image.fromarray(np.stack([ramp, ramp[::-1], 255 - ramp], -1))
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb.save(folder / "rgb.png")
    grey.save(folder / "grey.png")
    rgb.convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(ramp.astype(np.uint16) * 257).save(folder / "sixteen.png")
    Image.merge("RGBA", [*rgb.split(), grey]).save(folder / "alpha.png")
    rgb.save(folder / "sideways.jpg", exif=exif)
    grey.convert("P").save(folder / "palette.gif")
    grey.convert("1").save(folder / "onebit.png")
    Image.new("L", (1, 1), 77).save(folder / "dot.png")
    Image.new("L", (1500, 3), 77).save(folder / "line.png")
    Image.new("RGB", (3000, 2000), (9, 99, 199)).save(folder / "large.jpg")
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not an image")
    (folder / "cut.jpg").write_bytes((folder / "sideways.jpg").read_bytes()[:500])
    grey.save(folder / "dancing.gif", save_all=True, append_images=[Image.fromarray(np.roll(ramp, 5, 1))])
    header = (100_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return folder


def png_chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


SIZES = {"rgb.png": (40, 30), "grey.png": (40, 30), "cmyk.jpg": (40, 30), "sixteen.png": (40, 30),
         "alpha.png": (40, 30), "sideways.jpg": (30, 40), "palette.gif": (40, 30), "onebit.png": (40, 30),
         "dot.png": (1, 1), "line.png": (1500, 3), "large.jpg": (3000, 2000)}


def test_a_folder_of_every_kind(files, tmp_path):
    done = restore(files, tmp_path / "out", code=1)
    for name, size in SIZES.items():
        with Image.open(tmp_path / "out" / name) as image: assert image.size == size, name
    for name in ("empty.png", "text.png", "cut.jpg", "dancing.gif", "bomb.png"):
        assert name in done.stderr and not (tmp_path / "out" / name).exists()
    with Image.open(tmp_path / "out" / "sixteen.png") as image: assert image.mode == "I;16"
    with Image.open(tmp_path / "out" / "alpha.png") as image, Image.open(files / "alpha.png") as original:
        assert image.mode == "RGBA" and np.array_equal(np.asarray(image)[..., 3], np.asarray(original)[..., 3])
    assert not list((tmp_path / "out").glob(".*")), "no temporary file is left behind"


BAD_FILES = {"empty.png": "is empty", "text.png": "is not an image", "cut.jpg": "cut off", "dancing.gif": "animated",
             "bomb.png": "pixels", "missing.png": "There is no file"}


@pytest.mark.parametrize("name, says", BAD_FILES.items())
def test_bad_files_get_one_sentence(files, tmp_path, name, says):
    done = restore(files / name, tmp_path / "x.png", code=1)
    assert says in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "x.png").exists()


def test_results_never_replace_anything_unasked(files, tmp_path):
    source = tmp_path / "own.png"
    source.write_bytes((files / "grey.png").read_bytes())
    before = source.read_bytes()
    assert "exists already" in restore(source, source, code=1).stderr and source.read_bytes() == before
    restore(source, source, "--overwrite")
    assert source.read_bytes() != before


def test_wrong_models_and_options(files, tmp_path):
    out = tmp_path / "x.png"
    assert "There is no model" in recon("restore", files / "grey.png", "-m", "dense-mnits", "-o", out, code=1).stderr
    assert "card.json is missing" in recon("restore", files / "grey.png", "-m", tmp_path, "-o", out, code=1).stderr
    assert "must end in" in restore(files / "grey.png", tmp_path / "x.docx", code=1).stderr
    assert "mask has 40 × 30" in restore(files / "dot.png", out, "--mask", files / "grey.png", code=1).stderr
    assert "one by one" in restore(files / "rgb.png", out).stdout
    args = ["restore", files / "rgb.png", "-o", tmp_path / "z.png", "-m"]
    assert "colours are lost" in recon(*args, "dense-mnist").stdout
    assert "has to be given a mask" in recon(*args, "hole-cifar10", "--overwrite", code=1).stderr
    restore(files / "grey.png", tmp_path / "y.png", "--fit", "stretch", code=1)
    for done in (restore(files / "grey.png", tmp_path / "y.png", "--device", "tpu", code=1),
                 recon("train", "dense-digits", "--device", "tpu", "--out", tmp_path / "run", code=1)):
        assert "There is no device 'tpu'" in done.stderr
    recon("restore", files / "grey.png", "-o", out, code=2)
    assert "There is no recipe" in recon("train", "dense-nothing", code=1).stderr


def test_a_mask_changes_only_what_it_covers(files, tmp_path):
    hole = np.zeros((30, 40), np.uint8)
    hole[10:20, 10:20] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    restore(files / "grey.png", tmp_path / "out.png", "--mask", tmp_path / "mask.png")
    before, after = (np.asarray(Image.open(p)) for p in (files / "grey.png", tmp_path / "out.png"))
    assert np.array_equal(before[hole == 0], after[hole == 0]) and not np.array_equal(before, after)


def test_missing_data_names_set_folder_and_remedy(tmp_path):
    done = recon("train", "dense-mnist", "--steps", "1", code=1, env={**ENV, "RECON_DATA": str(tmp_path)}, cwd=tmp_path)
    for part in ("mnist", str(tmp_path), "recon data get mnist", "RECON_DATA"): assert part in done.stderr
    assert not (tmp_path / "runs").exists()


def test_train_on_my_photos_resume_evaluate_restore(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "my_photos").mkdir()
    for i in range(60):
        noise = rng.integers(0, 255, (50, 70, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "my_photos" / f"{i}.jpg")
    args = ["train", "dense-digits", "--data", "my_photos/", "--out", "run", "--device", "cpu"]
    recon(*args, "--steps", "20", cwd=tmp_path)
    assert "test images" in recon(*args, "--steps", "40", "--resume", cwd=tmp_path).stdout
    other = recon(*args, "--resume", "--seed", "5", "--steps", "50", code=1, cwd=tmp_path)
    assert "started with another recipe" in other.stderr
    model = tmp_path / "run" / "dense-digits"
    assert not (model / "examples.png").exists(), "your own images don't travel with the checkpoint"
    assert "tells the truth" in recon("evaluate", model, cwd=tmp_path).stdout
    recon("restore", "my_photos/0.jpg", "-m", model, "-o", "restored.png", cwd=tmp_path)
    assert Image.open(tmp_path / "restored.png").size == (70, 50)
    too_few = tmp_path / "few"
    too_few.mkdir()
    (too_few / "a.jpg").write_bytes((tmp_path / "my_photos" / "0.jpg").read_bytes())
    done = recon("train", "dense-digits", "--data", "few", "--out", "other", code=1, cwd=tmp_path)
    assert "both are needed" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_says_how_to_go_on(tmp_path):
    command = [*RECON, "train", "dense-digits", "--steps", "100000", "--out", str(tmp_path / "run"), "--device", "cpu"]
    process = subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    log = tmp_path / "run" / "log.csv"
    while not (log.exists() and log.read_text().count("\n") > 2) and time.monotonic() < deadline: time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "--resume" in err and (tmp_path / "run" / "last" / "progress.json").exists()
