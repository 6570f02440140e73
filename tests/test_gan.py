"""Five small games, trained on the spot: the monitor names what is wrong with four of them and is silent about the fifth."""
from dataclasses import replace

import pytest
import torch

from recon.data import load_data
from recon.recipes import get_recipe
from recon.training import fit, start_run

EXPECTED = {"gan-mnist": set(), "gan-mnist-saturated": {"saturation"}, "gan-mnist-vanishing": {"saturation", "vanishing gradient"},
            "gan-mnist-collapsed": {"collapse"}, "gan-mnist-swinging": {"oscillation"}}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_monitor_names_the_failure(name, tmp_path):
    narrow = {k: getattr(get_recipe(name), k).replace("width=32", "width=16") for k in ("network", "discriminator")}
    run = start_run(replace(get_recipe(name), data="digits28", **narrow), tmp_path, "cpu")
    train, valid = (load_data("digits28", split) for split in ("train", "valid"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order would make another run
    try: fit(run, train, valid, 180, validate_every=180, log_every=4, progress=False)
    finally: torch.set_num_threads(threads)
    found = {f.kind for f in run.findings}
    # A wreck may show more than one symptom; what must not happen is a missing name, or a healthy run that is called ill.
    assert found == EXPECTED[name] if name in ("gan-mnist", "gan-mnist-saturated", "gan-mnist-vanishing") else EXPECTED[name] <= found
