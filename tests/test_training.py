"""What a notebook can't test: real kills, real signals, real processes."""
import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
import torch

from recon.callbacks import Logging, RecordedGradients
from recon.data import load_data
from recon.recipes import get_recipe
from recon.training import RunFolder, Trainer, TrainingError

HERE = Path(__file__).parent
SCRIPT = HERE / "train_toy.py"
STEPS = 40
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def train(folder, kind, *options, **kwargs):
    return subprocess.Popen([sys.executable, SCRIPT, folder, kind, str(STEPS), *options], env=ENV, cwd=HERE.parent,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def finish(process, code=0):
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, err[-2000:]
    return err


def wait_for_state(folder, process, step):
    "Wait until a state of at least this step lies on the disk."
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if RunFolder(folder).progress().get("step", -1) >= step: return
        except OSError: pass  # the folder has just been renamed
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("no state was saved")


def everything(folder):
    "Collect all numbers of a run: networks, moving average, optimisers, random states."
    from safetensors.torch import load_file

    last = RunFolder(folder).state
    numbers = {f"{p.name}/{k}": v for p in sorted(last.glob("*.safetensors")) for k, v in load_file(p).items()}
    for p in sorted(last.glob("optimizer*.bin")):
        for i, state in torch.load(p, weights_only=True)["state"].items():
            numbers |= {f"{p.name}/{i}/{k}": torch.as_tensor(v) for k, v in state.items()}
    for p in sorted(last.glob("random_states_*.pkl")):
        numbers[p.name] = torch.load(p, weights_only=False)["torch_manual_seed"]
    return numbers


def assert_equal(a, b):
    a, b = everything(a), everything(b)
    assert a.keys() == b.keys() and len(a) > 10
    for key in a: assert torch.equal(a[key], b[key]), key


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for kind in ("network", "game"): finish(train(folder / kind, kind))
    return folder


@pytest.mark.parametrize("kind", ["network", "game"])
def test_killed_and_resumed_equals_uninterrupted(kind, uninterrupted, tmp_path):
    process = train(tmp_path / kind, kind, "--slow")
    wait_for_state(tmp_path / kind, process, 10)
    process.kill()
    process.communicate()
    finish(train(tmp_path / kind, kind, "--resume"))
    assert_equal(tmp_path / kind, uninterrupted / kind)
    assert RunFolder(tmp_path / kind).log.read_text() == RunFolder(uninterrupted / kind).log.read_text()


@pytest.mark.parametrize("kind", ["network", "game"])
def test_resident_images_give_the_same_run(kind, uninterrupted, tmp_path):
    finish(train(tmp_path / kind, kind, "--resident"))
    assert_equal(tmp_path / kind, uninterrupted / kind)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_keeps_the_last_state(uninterrupted, tmp_path):
    process = train(tmp_path / "game", "game", "--slow")
    wait_for_state(tmp_path / "game", process, 10)
    process.send_signal(signal.SIGINT)
    finish(process, code=130)
    finish(train(tmp_path / "game", "game", "--resume"))
    assert_equal(tmp_path / "game", uninterrupted / "game")


def test_divergence_names_step_and_loss_and_keeps_the_last_good_state(tmp_path):
    error = finish(train(tmp_path / "network", "network", "--explode"), code=1)
    assert "stopped at step" in error and "network/loss is" in error and "the state of step 10 is kept" in error
    assert all(torch.isfinite(v).all() for k, v in everything(tmp_path / "network").items() if v.is_floating_point())


def test_time_budget_stops_cleanly(tmp_path):
    finish(train(tmp_path / "network", "network", "--slow", "--minutes", "0.01"))
    assert RunFolder(tmp_path / "network").progress()["step"] < STEPS
    finish(train(tmp_path / "network", "network", "--resume"))


class FakeGraph:
    "Stands in for a CUDA graph: replaying computes again and writes into what was recorded."
    recorded = {}

    def register_generator_state(self, generator): pass

    def replay(self):
        _, values = self.compute(self.player, self.batch)
        self.result[1].copy_(values)
        for kept, parameter in zip(self.gradients, self.parameters): kept.copy_(parameter.grad)


def short_game(folder, resident, cuda_graph=False):
    "Ten steps of a small GAN with batch norm and a gradient penalty: its log."
    narrow = {k: getattr(get_recipe("gan-mnist"), k).replace("width=32", "width=8") for k in ("network", "discriminator")}
    narrow["discriminator"] = narrow["discriminator"].replace(")", ", norm=False)")
    recipe = dataclasses.replace(get_recipe("gan-mnist"), data="digits28", batch=8, **narrow,
                                 objective="game(kind='wasserstein', penalty_weight=10.0, discriminator_turns=2)")
    trainer = Trainer(recipe, folder, "cpu", [Logging(every=1)], resident=resident)
    if cuda_graph: trainer.gradients = RecordedGradients(trainer)
    trainer.fit(load_data("digits28"), load_data("digits28", "valid"), steps=10)
    return trainer


def test_recorded_gradients_are_those_of_the_plain_step(tmp_path, monkeypatch):
    "What surrounds the recording, on a machine without CUDA: batches, generators, buffers and gradients."
    plain = Trainer.compute_gradients

    def compute_gradients(self, player, batch):
        result = plain(self, player, batch)
        parameters = list(self.networks[player].parameters())
        FakeGraph.recorded = {"player": player, "batch": batch, "result": result, "parameters": parameters,
                              "gradients": [p.grad for p in parameters], "compute": partial(plain, self)}
        return result

    @contextlib.contextmanager
    def graph(recording):
        yield
        vars(recording).update(FakeGraph.recorded)

    expected = short_game(tmp_path / "plain", resident=True)
    monkeypatch.setattr(Trainer, "compute_gradients", compute_gradients)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    for name in ("Stream", "current_stream"): monkeypatch.setattr(torch.cuda, name, mock.Mock())
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    recorded = short_game(tmp_path / "recorded", resident=True, cuda_graph=True)
    assert len(recorded.gradients.recordings) == 2, "one for each player"
    assert recorded.folder.log.read_text() == expected.folder.log.read_text()
    with pytest.raises(TrainingError, match="fit onto the device"):
        short_game(tmp_path / "streamed", resident=False, cuda_graph=True)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch has no torch.distributed")
def test_two_processes_train_one_network(uninterrupted, tmp_path):
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
               "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    for kind in ("network", "game"):
        done = subprocess.run([*command, SCRIPT, tmp_path / kind, kind, str(STEPS)], env=ENV, cwd=HERE.parent,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        alone, shared = everything(uninterrupted / kind), everything(tmp_path / kind)
        # Each process draws its own random numbers for the corruption, so the weights differ; their names must not.
        assert alone.keys() <= shared.keys()
        assert RunFolder(tmp_path / kind).weights.exists()
