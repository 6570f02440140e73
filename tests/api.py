"""Write the public names and signatures of recon to tests/api.txt: `python tests/api.py`."""
import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _is_public(node):
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)): return False
    return not node.name.startswith("_") or node.name in ("__init__", "__call__")


def _members(body, prefix):
    for node in filter(_is_public, body):
        if isinstance(node, ast.FunctionDef): yield f"{prefix}{node.name}({ast.unparse(node.args)})"
        else:
            yield f"{prefix}{node.name}" + (f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else "")
            yield from _members(node.body, f"{prefix}{node.name}.")


def public_api() -> str:
    "One line for each public function, class and method."
    lines = []
    for path in sorted((ROOT / "recon").rglob("*.py")):
        if path.name.startswith("_"): continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        lines += _members(ast.parse(path.read_text(encoding="utf-8")).body, f"{module}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__": (ROOT / "tests" / "api.txt").write_text(public_api(), encoding="utf-8")
