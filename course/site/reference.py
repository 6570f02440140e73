"""The library's reference: a page for each module, from signatures, comments and docstrings."""
import ast
import io
import re
import tokenize

from pages import lecture_link, modules, published


def comments(source):
    "The comment of each line."
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def parameters(node):
    "The arguments of a function, those with stars included."
    args = node.args
    stars = [arg for arg in (args.vararg, args.kwarg) if arg]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *stars]


def described(node, notes):
    "What a function's comments say about its parameters and its answer."
    every = sorted(parameters(node), key=lambda arg: (arg.lineno, arg.col_offset))
    last = {arg.lineno: arg for arg in every}  # a comment belongs to the last parameter of its line
    found = [f":param {arg.arg}: {notes[line]}" for line, arg in last.items() if line in notes and arg.arg != "self"]
    end = node.returns and node.returns.end_lineno
    if end in notes and end not in last: found.append(f":returns: {notes[end]}")
    return found


def signature(node, method=False):
    "A function's parameters and answer in Python's own words."
    args = ast.unparse(node.args)
    if method: args = re.sub("^self(, )?", "", args)
    return f"({args})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


def registered_as(node):
    "The name under which a recipe knows it, where it is registered with one."
    found = re.findall(r"[Rr]egister\w*\('(\w+)'\)", " ".join(map(ast.unparse, node.decorator_list)))
    return f"In recipes: `{found[0]}`." if found else ""


def directive(kind, head, parts, colons):
    "A directive of Sphinx's Python domain."
    return "\n\n".join([f"{colons}{{py:{kind}}} {head}", *filter(None, parts), colons])


def function(node, notes, owner=""):
    "A public function, or a method of the class `owner`."
    parts = [ast.get_docstring(node) or "", registered_as(node), "\n".join(described(node, notes))]
    name = f"{owner}.{node.name}" if owner else node.name
    head = name + signature(node, bool(owner))
    return directive("method" if owner else "function", head, parts, "::::" if owner else ":::::")


def class_(node, notes):
    "A public class with its fields or the parameters of its start, and its documented methods."
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    start = next((n for n in methods if n.name == "__init__"), None)
    fields = [n for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    if start: lines = described(start, notes)
    else: lines = [f":param {ast.unparse(n.annotation)} {n.target.id}: {notes.get(n.lineno, '')}" for n in fields]
    parts = [ast.get_docstring(node) or "", registered_as(node), "\n".join(lines)]
    for method in methods:
        documented = ast.get_docstring(method) or described(method, notes)
        if documented and not method.name.startswith("_"): parts.append(function(method, notes, node.name))
    return directive("class", node.name + (signature(start, True) if start else ""), parts, ":::::")


def values(tree):
    "The names in capitals: registries and constants."
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)): continue
        name = node.targets[0].id
        if not name.isupper() or name.startswith("_"): continue
        text = ast.unparse(node.value).replace("`", "")
        yield f":::{{py:data}} {name}\n\n`{text if len(text) < 90 else text[:90] + ' …'}`\n:::"


def reference(name, path):
    "The page of a module: its public names, from signatures, comments and docstrings."
    source = path.read_text(encoding="utf-8")
    tree, notes = ast.parse(source), comments(source)
    parts = [f"# {name}", ast.get_docstring(tree) or "",
             f"From {lecture_link(modules()[name])} · [source]({published(path)})", f"```{{py:module}} {name}\n```"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"): continue
        parts.append(function(node, notes) if isinstance(node, ast.FunctionDef) else class_(node, notes))
    return "\n\n".join([*parts[:4], *values(tree), *parts[4:]])
