"""Guards that keep the house in order: what is generated is in sync, what is agreed holds."""
import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from api import public_api
from readme import render

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "nbs").glob("*.ipynb"))
# A chapter that builds on an earlier one, by the story.
STORY = {("models.artifact_autoencoder", "models.denoising_autoencoder"), ("models.variational_autoencoder", "models.denoising_autoencoder"),
         ("models.resnet_gan", "models.denoising_autoencoder"), ("models.cyclegan", "models.pix2pix")}


def cells(path):
    "The code cells of a notebook, as (source, outputs)."
    return [("".join(c["source"]), c["outputs"]) for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if c["cell_type"] == "code"]


def is_exported(source): return re.search(r"^#\|\s*export", source, re.M) is not None


def module_of(path):
    "The module that a notebook exports, e.g. `models.dense_autoencoder`, or `None`."
    found = re.search(r"#\|\s*default_exp\s+(\S+)", "\n".join(s for s, _ in cells(path)))
    return found and found[1]


MODULES = {module_of(p): p for p in NOTEBOOKS if module_of(p)}


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    "A copy of the repository in which everything was generated anew."
    copy = tmp_path_factory.mktemp("house")
    for name in ("nbs", "recon"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "checkpoints", "records"))
    for name in ("settings.ini", "pyproject.toml"): shutil.copy(ROOT / name, copy)
    for command in ("nbdev_export", "nbdev_clean"):
        subprocess.run([Path(sys.executable).with_name(command)], cwd=copy, check=True, capture_output=True)
    return copy


def test_modules_are_exported_from_the_notebooks(exported):
    for path in (exported / "recon").rglob("*.py"):
        ours = ROOT / path.relative_to(exported)
        assert ours.exists() and ours.read_text() == path.read_text(), f"run nbdev_export: {ours.name} is out of sync"


def test_notebooks_are_clean(exported):
    for path in NOTEBOOKS:
        assert path.read_text() == (exported / "nbs" / path.name).read_text(), f"run nbdev_clean: {path.name}"


def test_readme_comes_from_the_index():
    assert (ROOT / "README.md").read_text(encoding="utf-8") == render(), "run python tests/readme.py"


def test_public_names_are_listed():
    assert (ROOT / "tests" / "api.txt").read_text(encoding="utf-8") == public_api(), "run python tests/api.py"


SOURCES = sorted(p for part in ("recon", "apps", "tests", "course/exercises/checks", "course/site") for p in (ROOT / part).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_is_imported_for_nothing(path):
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) and "noqa" not in lines[n.lineno - 1]]
    names = {(a.asname or a.name).split(".")[0] for n in imports for a in n.names}
    assert names <= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}, "an import that nobody uses"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_lower_numbers(module):
    number = {m: int(p.name[:2]) for m, p in MODULES.items()}
    tree = ast.parse((ROOT / "recon" / f"{module.replace('.', '/')}.py").read_text())
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recon.")): continue
        other = node.module.removeprefix("recon.")
        assert other in number and number[other] < number[module], f"{module} imports {other}"
        if module.startswith("models.") and other.startswith("models."): assert (module, other) in STORY


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_small_and_names_no_machine(path):
    assert path.stat().st_size <= 500 * 1024
    outputs = json.dumps([o for _, o in cells(path)])
    assert not re.search(r"/(?:work|tmp|root|home|Users)/|site-packages|Warning:", outputs)


def body_lines(source):
    "Lines of each function in a cell, without signature, docstring and blanks; and of the rest of the cell."
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if len(node.body) > 1 and ast.get_docstring(node) else node.body[0]
            yield node.name, len({n.lineno for n in ast.walk(node) if hasattr(n, "lineno") and n.lineno >= first.lineno})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_functions_fit_on_a_screen(path):
    for source, _ in cells(path):
        if not is_exported(source): continue
        assert max(map(len, source.splitlines())) <= 130, source
        for name, lines in body_lines(source): assert lines <= 25, f"{path.stem}: {name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda p: p.stem)
def test_public_names_are_used_and_asserted(path):
    code = cells(path)
    live = "\n".join(s for s, _ in code if not is_exported(s) and not re.search(r"^#\|\s*(train|gpu)", s, re.M) and "assert" in s)
    for source, _ in code:
        if not is_exported(source): continue
        for node in ast.parse(source).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"): continue
            assert ast.get_docstring(node), f"{path.stem}: {node.name} has no docstring"
            assert re.search(rf"\b{node.name}\b", live), f"{path.stem}: {node.name} is never used beside an assertion"


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda p: p.stem)
def test_parameters_are_commented(path):
    for source, _ in cells(path):
        if not is_exported(source): continue
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"): continue
            for arg in [*node.args.args, *node.args.kwonlyargs]:
                explained = "#" in lines[arg.lineno - 1] or "help=" in ast.unparse(arg)
                assert explained or arg.arg in ("device", "self", "run", "recipe", "progress"), \
                    f"{path.stem}: {node.name}({arg.arg}) has no comment"


def test_notebooks_were_executed():
    for path in NOTEBOOKS:
        shown = [s for s, _ in cells(path) if re.search(r"^\s*print\(|plt\.|show_rows", s, re.M) and not is_exported(s)
                 and not re.search(r"^#\|\s*(train|gpu)", s, re.M)]
        outputs = {s: o for s, o in cells(path)}
        for source in shown:
            if re.match(r"import |from ", source) and "subplots" not in source and "print(" not in source: continue
            assert outputs[source] or "print" not in source, f"{path.stem}: a cell has no output: {source[:60]}"


def test_import_is_light():
    heavy = "gradio streamlit matplotlib torchmetrics cv2 skimage sklearn torch".split()
    code = f"import recon, sys; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_training_path_needs_no_development_tools():
    code = ("import sys\nfor m in ('fastcore', 'nbdev', 'gradio', 'cv2', 'streamlit', 'matplotlib'): sys.modules[m] = None\n"
            "import recon.benchmark, recon.restore\nfrom recon.recipes import load_chapters\nload_chapters()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_shipped_files_stay_small():
    total = sum(f.stat().st_size for name in ("nbs", "recon", "apps", "course", "tests") for f in (ROOT / name).rglob("*")
                if f.is_file() and "__pycache__" not in f.parts)
    assert total < 48 * 2**20


def test_numbers_in_the_readme_are_those_of_the_cards():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "recon" / "checkpoints").glob("*/card.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["recipe"].get("task", "repair") != "repair": continue
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{path.parent.name}` |"))
        best = min(b["mse"] for b in card["baselines"].values())
        for number in (f"{card['metrics']['mse']:.4f}", f"{card['metrics']['psnr']:.2f} dB", f"{best:.4f}", f"{card['data']['n_test']:,}"):
            assert number in row, f"{path.parent.name}: {number}"
