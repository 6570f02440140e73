"""`check("10.3", mirror)` says whether a task is done, and if it isn't, what to look at."""
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType

EMPTY = "Nothing there yet: replace each `...` in the cell above, run it, and try again."


def verdict(test, *answers):
    "What a check has to say about an answer; nothing when all is well."
    import torch

    if any(a is ... or a is None for a in answers): return EMPTY
    try:
        with torch.random.fork_rng(devices=[]):
            test(*(_watched(a) if isinstance(a, FunctionType) else a for a in answers))
    except AssertionError as e: return str(e)
    except Exception as e: return f"It stopped with {type(e).__name__}: {e}"
    return ""


def _watched(function):
    "The same function, but giving nothing back counts as not written yet."
    def call(*args, **options):
        result = function(*args, **options)
        assert result is not None and result is not ..., EMPTY
        return result
    return call


def check(task, *answers):
    "Check an answer, and print a hint or a check mark."
    file = next(Path(__file__).resolve().parent.joinpath("checks").glob(f"{task[:2]}_*.py"))
    module = module_from_spec(spec := spec_from_file_location(file.stem, file))
    spec.loader.exec_module(module)
    hint = verdict(getattr(module, f"check_{task.replace('.', '_')}"), *answers)
    print(f"… {task}: {hint}" if hint else f"✓ {task}")
