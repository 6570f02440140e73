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
from notebooks import cells, chapter_of, is_exported, is_skipped, module_of, sources
from readme import render

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "nbs").glob("*.ipynb"))
# Chapters that import from an earlier one, by the story. Others meet through registries: recipes name networks,
# objectives and metrics of other chapters, such as the game of 14 and the features of 14a.
STORY = {
    "models.artifact_autoencoder": {"models.denoising_autoencoder"},
    "models.variational_autoencoder": {"models.denoising_autoencoder"},
    "models.resnet_gan": {"models.denoising_autoencoder"},
    "models.cyclegan": {"models.gan", "models.pix2pix"},
}
# Imports inside a function that may point to a later notebook.
LATE = {("recipes", "load_chapters")}  # registers the recipes of every chapter, when somebody asks for one by name
MODULES = {module_of(p): p for p in NOTEBOOKS if module_of(p)}


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    "A copy of the repository in which everything was generated anew."
    copy = tmp_path_factory.mktemp("house")
    without = shutil.ignore_patterns("__pycache__", "checkpoints", "records")
    for name in ("nbs", "recon"): shutil.copytree(ROOT / name, copy / name, ignore=without)
    for name in ("settings.ini", "pyproject.toml"): shutil.copy(ROOT / name, copy)
    for command in ("nbdev_export", "nbdev_clean"):
        subprocess.run([Path(sys.executable).with_name(command)], cwd=copy, check=True, capture_output=True)
    return copy


def test_modules_are_exported_from_the_notebooks(exported):
    for path in (exported / "recon").rglob("*.py"):
        ours = ROOT / path.relative_to(exported)
        assert ours.exists() and ours.read_text() == path.read_text(), f"run nbdev_export: {ours.name} is out of sync"
    made = {ROOT / "recon" / f"{module.replace('.', '/')}.py" for module in MODULES}
    assert set(EXPORTED) == made, "a module that no notebook makes"


def test_notebooks_are_clean(exported):
    for path in NOTEBOOKS:
        assert path.read_text() == (exported / "nbs" / path.name).read_text(), f"run nbdev_clean: {path.name}"


def test_readme_comes_from_the_index():
    assert (ROOT / "README.md").read_text(encoding="utf-8") == render(), "run python tests/readme.py"


def test_public_names_are_listed():
    assert (ROOT / "tests" / "api.txt").read_text(encoding="utf-8") == public_api(), "run python tests/api.py"


def name_of(path): return path.relative_to(ROOT).as_posix()


SOURCES = sorted(p for part in ("recon", "apps", "tests", "course") for p in (ROOT / part).rglob("*.py")
                 if not p.is_relative_to(ROOT / "course" / "exercises" / "source"))
EXPORTED = [p for p in SOURCES if p.is_relative_to(ROOT / "recon") and not p.name.startswith("_")]
WRITTEN = [p for p in SOURCES if p.name != "_modidx.py"]
APPS = [p for p in SOURCES if p.is_relative_to(ROOT / "apps")]
COURSE_SOURCES = sorted((ROOT / "course" / "exercises" / "source").glob("*.py"))  # in the percent format


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_imported_for_nothing(path):
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    checked = [n for n in imports if "noqa" not in lines[n.lineno - 1]]
    names = {(a.asname or a.name).split(".")[0] for n in checked for a in n.names}
    assert names <= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}, "an import that nobody uses"


def imported(tree, module):
    "What a module imports of the library, relative imports resolved: (module, function that imports it or `None`)."
    inside = {id(inner): f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for inner in ast.walk(f)}
    package = ["recon", *module.split(".")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import): names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[:len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            names = [f"{base}.{a.name}" for a in node.names] if base in ("recon", "recon.models") else [base]
        else: continue
        for name in names:
            if name.startswith("recon."): yield name.removeprefix("recon."), inside.get(id(node))


def wrong_imports(source, module):
    "One sentence for each import that points upwards, or from model to model against the story."
    order = {m: chapter_of(p) for m, p in MODULES.items()}
    for other, function in imported(ast.parse(source), module):
        if (module, function) in LATE: continue
        if other not in order or order[other] >= order[module]: yield f"{module} imports {other}"
        elif module.startswith("models.") and other.startswith("models.") and other not in STORY.get(module, ()):
            yield f"{module} imports {other}, which isn't in the story"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_earlier_notebooks(module):
    source = (ROOT / "recon" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert not list(wrong_imports(source, module))


@pytest.mark.parametrize("module,source", [
    ("core", "from .images import read_picture"),
    ("images", "from recon.image_sets import ImageSet"),
    ("data", "import recon.training"),
    ("recipes", "def build():\n    from .training import Trainer"),
    ("recipes", "from . import training"),
    ("models.gan", "from .features import FeatureLoss"),
    ("models.gan", "from ..tiling import restore_tiles"),
    ("models.pix2pix", "from .srgan import srgan"),
])
def test_the_guard_of_imports_can_fail(module, source):
    assert len(list(wrong_imports(source, module))) == 1


def test_the_guard_of_imports_knows_what_is_allowed():
    allowed = "from ..core import ReconError\nfrom .gan import Game\nimport torch"
    assert not list(wrong_imports(allowed, "models.cyclegan"))
    assert not list(wrong_imports("def load_chapters():\n    import recon.models", "recipes"))


@pytest.mark.parametrize("path", [*APPS, *(p for p in SOURCES if p.is_relative_to(ROOT / "course"))], ids=name_of)
def test_apps_and_course_import_public_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recon"):
            assert not [a.name for a in node.names if a.name.startswith("_")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_small_and_names_no_machine(path):
    assert path.stat().st_size <= 800 * 1024
    outputs = json.dumps([c["outputs"] for c in cells(path)])
    assert not re.search(r"/(?:work|tmp|root|home|Users)/|site-packages|Warning:", outputs)


def body_lines(source):
    "Lines of each function, without signature, docstring and blanks."
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if len(node.body) > 1 and ast.get_docstring(node) else node.body[0]
            lines = {n.lineno for n in ast.walk(node) if hasattr(n, "lineno") and n.lineno >= first.lineno}
            yield node.name, len(lines)


def parallel_assignments(source):
    "Assignments of one tuple to another, as text; a swap `a, b = b, a` is none."
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)): continue
        for target in node.targets:
            if not isinstance(target, ast.Tuple): continue
            swap = {ast.unparse(t) for t in target.elts} == {ast.unparse(v) for v in node.value.elts}
            if not swap: yield ast.unparse(node)


@pytest.mark.parametrize("path", [*EXPORTED, *APPS], ids=name_of)
def test_functions_fit_on_a_screen(path):
    long = {name: lines for name, lines in body_lines(path.read_text(encoding="utf-8")) if lines > 40}
    assert not long


@pytest.mark.parametrize("path", [*EXPORTED, *APPS], ids=name_of)
def test_one_statement_is_one_thought(path):
    assert not list(parallel_assignments(path.read_text(encoding="utf-8")))


def test_the_guard_of_assignments_can_fail():
    assert len(list(parallel_assignments("a, b = f(x), g(y)\na, b = b, a\nc, d = f(x)\nfor e, g in h: pass"))) == 1


@pytest.mark.parametrize("path", EXPORTED, ids=name_of)
def test_modules_fit_in_a_look(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > 350: print(f"{name_of(path)} has {lines} lines")
    assert lines <= 450


@pytest.mark.parametrize("path", [*NOTEBOOKS, *COURSE_SOURCES, *(p for p in WRITTEN if p not in EXPORTED)], ids=name_of)
def test_lines_are_short(path):
    texts = sources(path) if path.suffix == ".ipynb" else [path.read_text(encoding="utf-8")]
    long = [line for text in texts for line in code_lines(text) if len(line) > 120]
    assert not long, "\n".join(long)


def code_lines(text):
    "The lines of a source without the Markdown cells and the marks of the percent format."
    for part in re.split(r"^(?=# %% )", text, flags=re.M):
        if part.startswith("# %% [markdown]"): continue
        yield from (line for line in part.splitlines() if not line.startswith("# %% "))


def logic(path):
    "The statements of a module as lines without docstrings, imports, comments and line breaks."
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list): continue
        kept = [n for n in body if not isinstance(n, ast.Import | ast.ImportFrom) and not is_text(n)]
        node.body = kept or [ast.Pass()]
    return [line.strip() for line in ast.unparse(tree).splitlines() if line.strip()]


def is_text(node): return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def repeated(modules, length=6):
    "Runs of lines that stand in two places, as (place, place, first line); `modules` are lists of lines by name."
    seen = {}
    for name, lines in modules.items():
        for i in range(len(lines) - length + 1):
            place = seen.setdefault(tuple(lines[i:i + length]), (name, i))
            if place != (name, i): yield place[0], name, lines[i]


def test_no_logic_stands_twice():
    generated = ROOT / "course" / "exercises" / "checks"
    twice = list(repeated({name_of(p): logic(p) for p in WRITTEN if not p.is_relative_to(generated)}))
    assert not twice, "\n".join(map(str, twice))


def test_the_guard_of_repetition_can_fail():
    lines = [f"x{i} = f(x{i})" for i in range(6)]
    assert list(repeated({"a": ["y = 1", *lines], "b": [*lines, "z = 2"]})) == [("a", "b", lines[0])]


# Words of an earlier, private vocabulary, and what to say instead.
BANNED = {
    "judges?": "discriminator, critic", "islands?": "modes", "doors": "files, interface", "shelf": "table, list",
    "rivals?": "baseline", "damage|damages|damaging": "corruption, corrupt",
    "repair(?:s|ed|ing)?": "restoration, restore, fix", "wishes": "options, hints", "at[_ ]hand": "available",
    "classical methods?": "baseline", "pictures": "images", "told(?! apart| from)": "given, conditioned on",
    "crowds?": "distribution, set of images", "fog": "blur", "voices": "loss terms",
    "piles?(?! of(?:$| sand| earth))": "unpaired sets",
}
# Names of random generators; they decide the numbers of shipped checkpoints and records.
KEYS = re.compile(r"""_generator\([^()]*\)|(["'])(?:damage|repair)\1""")
FILES = sorted(p for folder in ("apps", "course") for p in (ROOT / folder).rglob("*"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "settings.ini"]
PAGES += [p for p in FILES if p.suffix in (".md", ".toml", ".css", ".js")]
TEXTS = [*NOTEBOOKS, *COURSE_SOURCES, *WRITTEN, *PAGES]


def banned_words(text):
    "The banned words of a text, each with its line and what to say instead."
    for line in KEYS.sub("", text).splitlines():
        for word, instead in BANNED.items():
            if found := re.search(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])", line, re.I):
                yield f"'{found[0]}' (say: {instead}): {line.strip()[:160]}"


@pytest.mark.parametrize("path", [p for p in TEXTS if p.name != "test_house.py"], ids=name_of)
def test_words_are_those_of_the_field(path):
    if path.suffix == ".ipynb": text = "\n".join([*sources(path, "markdown"), *sources(path)])
    else: text = path.read_text(encoding="utf-8")
    found = list(banned_words(text))
    assert not found, "\n".join(found)


def test_the_guard_of_words_can_fail():
    assert len(list(banned_words("def load_pictures(): pass\nThe judge is told.\nA Repair."))) == 4
    allowed = 'Picture(picture)\nseeded_generator(seed, "damage", step)\na damaged file, told apart'
    assert not list(banned_words(allowed))


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda p: p.stem)
def test_public_names_are_used_and_asserted(path):
    live = "\n".join(s for s in sources(path) if not is_exported(s) and not is_skipped(s) and "assert" in s)
    for source in sources(path):
        if not is_exported(source): continue
        for node in ast.parse(source).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"): continue
            assert ast.get_docstring(node), f"{path.stem}: {node.name} has no docstring"
            assert re.search(rf"\b{node.name}\b", live), f"{path.stem}: {node.name} is never used beside an assertion"


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda p: p.stem)
def test_parameters_are_commented(path):
    for source in sources(path):
        if not is_exported(source): continue
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"): continue
            for arg in [*node.args.args, *node.args.kwonlyargs]:
                explained = "#" in lines[arg.lineno - 1] or "help=" in ast.unparse(arg)
                assert explained or arg.arg in ("device", "self", "run", "recipe", "progress", "trainer", "width"), \
                    f"{path.stem}: {node.name}({arg.arg}) has no comment"


def test_notebooks_were_executed():
    for path in NOTEBOOKS:
        shown = [s for s in sources(path) if re.search(r"^\s*print\(|plt\.|show_rows", s, re.M)
                 and not is_exported(s) and not is_skipped(s)]
        outputs = {"".join(c["source"]): c["outputs"] for c in cells(path)}
        for source in shown:
            if re.match(r"import |from ", source) and "subplots" not in source and "print(" not in source: continue
            assert outputs[source] or "print" not in source, f"{path.stem}: a cell has no output: {source[:60]}"


def test_import_is_light():
    heavy = "gradio streamlit matplotlib torchmetrics cv2 skimage sklearn torch".split()
    code = f"import recon, sys; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_training_path_needs_no_development_tools():
    code = ("import sys\n"
            "for m in ('fastcore', 'nbdev', 'gradio', 'cv2', 'streamlit', 'matplotlib'): sys.modules[m] = None\n"
            "import recon.benchmark, recon.restore\nfrom recon.recipes import load_chapters\nload_chapters()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_shipped_files_stay_small():
    files = [f for name in ("nbs", "recon", "apps", "course", "tests") for f in (ROOT / name).rglob("*")]
    total = sum(f.stat().st_size for f in files if f.is_file() and "__pycache__" not in f.parts)
    assert total < 48 * 2**20


def test_numbers_in_the_readme_are_those_of_the_cards():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "recon" / "checkpoints").glob("*/card.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["recipe"]["task"] in ("generate", "classify"): continue
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{path.parent.name}` |"))
        best = min(b["mse"] for b in card["baselines"].values())
        ours = card["metrics"]
        for number in (f"{ours['mse']:.4f}", f"{ours['psnr']:.2f} dB", f"{best:.4f}", f"{card['data']['n_test']:,}"):
            assert number in row, f"{path.parent.name}: {number}"
