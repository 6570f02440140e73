"""The checks of 14_gan_failures. Made by make.py; change source/14_gan_failures.py."""


import math

import numpy as np
import torch
from torch import nn


def players(seed=0):
    "A tiny generator and discriminator with optimisers of their own, two batches, and a copy of all weights."
    torch.manual_seed(seed)
    g, d = nn.Linear(3, 3), nn.Linear(3, 1)
    return g, d, torch.randn(8, 3), torch.randn(8, 3) + 2


def check_14_1(clueless):
    assert not abs(clueless - math.log(2)) < 0.01, \
        "That is one of the two terms. It is asked about a real image *and* about a made one."
    assert not clueless < 0, "The logarithm of ½ is negative, and there is a minus in front of it."
    assert not abs(clueless - 2) < 0.01, "2 would be in bits. Natural logarithms, please."
    assert abs(clueless - 2 * math.log(2)) < 0.01, "Not yet: put ½ into both logarithms."


def check_14_2(d_loss, g_loss):
    zero, one = torch.zeros(4, 1), torch.ones(4, 1)
    assert abs(float(d_loss(zero, zero)) - 2 * math.log(2)) < 1e-3, \
        f"With logits of 0 the discriminator's loss is 2 log 2, and yours is {float(d_loss(zero, zero)):.3f}."
    assert d_loss(one, -one) < d_loss(-one, one), (
        "A discriminator that is *right* (real above 0, made below) should have the smaller loss. Yours is punished "
        "for it.")
    assert torch.isfinite(d_loss(-1000 * one, 1000 * one)) and torch.isfinite(g_loss(-1000 * one)), \
        "At logits of 1000 it is infinite or NaN: the sigmoid became exactly 0 or 1 before the logarithm."
    assert g_loss(one) < g_loss(-one), \
        "The generator wants to be believed: the larger the logit of its image, the smaller its loss."
    s = torch.tensor(-6.0, requires_grad=True)
    slope = torch.autograd.grad(g_loss(s[None]), s)[0].abs().item()
    assert slope > 0.9, (
        f"Where the discriminator sees through an image (logit -6), the gradient is only {slope:.4f}: that is the "
        "original, saturating loss. Which form pulls hardest there?")


def check_14_3(best_logit):
    x = torch.tensor([-1.0, 0.0, 0.7, 2.0, 3.0])
    s = best_logit(x, 2.0)
    p, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(2.0, 1.0)
    wanted = p.log_prob(x) - q.log_prob(x)
    assert not torch.allclose(s, -wanted, atol=1e-3), \
        "At x = -1, far from the made points, yours says \"made\". Real is p, and p comes first."
    assert not torch.allclose(s, wanted.sigmoid(), atol=1e-3), \
        "That is D* itself, between 0 and 1. Its logit is asked for."
    assert torch.allclose(s, wanted, atol=1e-3), (
        f"In the middle between the two distributions the logit should be 0, at x = 0 {wanted[1]:.1f}; yours is "
        f"{float(s[1]):.2f} there. Take the logarithm of p/q.")
    assert torch.isfinite(best_logit(torch.tensor([-60.0]), 2.0)).all(), \
        "Far out both densities are 0 in float32. Simplify log p - log q on paper first."


def check_14_4(alternating):
    m = np.asarray(alternating(0.5), dtype=float)
    assert m.shape == (2, 2), "A matrix of 2 × 2 is wanted."
    x, y = m @ [1.0, 2.0]
    assert abs(x - 0.0) < 1e-9, f"From (1, 2) with η = 0.5, x goes down by 0.5 · 2 to 0; yours goes to {x:.2f}."
    assert not abs(y - 2.5) < 1e-9, \
        "Your y moves by the *old* x: that is the simultaneous game, the one that spirals out."
    assert abs(y - 2.0) < 1e-9, \
        f"From (1, 2), y moves by 0.5 times the new x, which is 0, so it stays 2; yours goes to {y:.2f}."


def check_14_5(move_discriminator, make_generator_optimizer, move_generator):
    g, d, z, real = players()
    before, optimizer_d = d.weight.clone(), torch.optim.SGD(d.parameters(), 0.1)
    optimizer = make_generator_optimizer(g, d)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert id(g.weight) in held, "The generator's optimizer should hold the generator's weights."
    assert not held & {id(p) for p in d.parameters()}, (
        "The generator's optimizer holds the discriminator's weights too: with each move it makes its own critic "
        "easier to fool.")
    move_discriminator(g, d, optimizer_d, real, z)
    assert not torch.equal(d.weight, before), \
        "The discriminator hasn't moved in its own turn: a discriminator frozen for good never learns."
    assert all(p.grad is None or not p.grad.any() for p in g.parameters()), (
        "In the discriminator's turn gradients were computed for the generator too. Nothing moves wrongly yet, but "
        "half of the work is wasted, and whoever forgets a zero_grad is trained backwards. Cut the graph.")
    after, maker = d.weight.clone(), g.weight.clone()
    move_generator(g, d, optimizer, z)
    assert torch.equal(d.weight, after) and not torch.equal(g.weight, maker), \
        "In the generator's turn the generator moves, and only it."


def check_14_6(shown_to_discriminator):
    x = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    corrupted = x * 2 - 1
    corrupted[..., 2:4, 2:4] = 1
    g = lambda v: torch.tanh(3 * v - 0.5)
    real, made = shown_to_discriminator(g, x, corrupted)
    assert not torch.equal(made, corrupted), \
        "The images labelled *made* are the corrupted ones: it learns what a rectangle looks like."
    assert torch.allclose(made, g(corrupted)), "The made images are the generator's answers to the corrupted ones."
    assert real.min() < 0, \
        "A pixel below 0 gives every made image away: tanh has [-1, 1], and your real images have [0, 1]."
    assert torch.allclose(real, x * 2 - 1), "The real images should be the true ones, moved to [-1, 1]."


def check_14_7(covered):
    centres = torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
    generator = torch.Generator().manual_seed(0)
    on = lambda k, n: centres[k] + 0.05 * torch.randn(n, 2, generator=generator)
    two = torch.cat([on(0, 150), on(1, 50)])
    n = covered(two, centres)
    assert n != 200, "You count points, and modes are asked for."
    assert n == 2, f"Two of the four modes have points, and you count {n}."
    far = covered(
        torch.cat([two, centres[2] + torch.tensor([1.5, 0.0]) + 0.05 * torch.randn(100, 2, generator=generator)]),
        centres,
    )
    assert far == 2, "A hundred points far out, 1.5 away from the third mode, don't cover it. Nearest isn't near."
    assert covered(torch.cat([two, on(3, 1)]), centres) == 2, "A single point of 201 is less than one in a hundred."


def check_14_8(failure, mean_coverage, coverage):
    measured = float(np.mean(coverage["every fifth"][5:]))
    assert failure in ("A", "B", "C"), "Answer with a letter."
    assert abs(mean_coverage - measured) < 0.06, \
        f"Mean over the entries from the sixth on, of the second run: not {float(mean_coverage):.2f}."
    assert failure != "A", "Who moves rarely isn't too good. It is fooled, and has no time to notice."
    assert failure != "C", f"A better teacher would cover more modes than {measured:.1f} of 8."


def check_14_9(diversity):
    real = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    one = real[:1].expand(50, -1, -1, -1)
    value = float(diversity(one, real))
    assert value < 0.5, (
        f"Fifty times the same image, and your diversity is {value:.2f}: you look at the contrast *within* the images. "
        "Over which dimension do images differ from each other?")
    assert abs(float(diversity(real, real)) - 1) < 1e-5, "Real images, compared with themselves, should have 1."
    half = float(diversity(real / 2, real))
    assert abs(half - 0.5) < 1e-3, \
        f"Half as different is 0.5, and yours is {half:.2f}. (Standard deviations, or variances? Made by real?)"


def check_14_10(diagnosis):
    assert isinstance(diagnosis, dict) and set(diagnosis) == {"healthy", "collapsed", "vanished", "swings"}, \
        "Give a dictionary with the keys healthy, collapsed, vanished and swings."
    assert sorted(diagnosis.values()) == list("ABCD"), "Each of A, B, C and D gets one diagnosis."
    assert diagnosis["collapsed"] != "A", (
        "A collapsed generator draws one image for all latents. Look at A's diversity (noise is diverse, too), and at "
        "its gradient.")
    assert diagnosis["healthy"] != "A", "A's gradient is next to nothing: it will draw for ever what it draws now."
    assert diagnosis["healthy"] != "B", (
        "B's loss and doubt jump from one step to the next (look at what stands behind ±). A healthy pair argues "
        "calmly.")
    assert diagnosis["collapsed"] != "B" and diagnosis["swings"] != "D", \
        "Fixed is fixed: look for the one whose diversity is 0."
    assert diagnosis["healthy"] != "D", "D draws the same image for all latents."
    assert diagnosis["vanished"] == "A", "The gradient has vanished where it is 0.0000."


def check_14_11(play):
    from itertools import count

    numbers, moved = count(), []
    reported = play(lambda: next(numbers), moved.append, 12)
    assert len(moved) <= 12, f"12 steps were asked for, and {len(moved)} were made."
    assert len(set(moved)) == len(moved), (
        f"{len(moved)} moves on {len(set(moved))} different batches: whoever sees the same images again and again "
        "learns them by heart.")
    assert len(moved) == 12 and reported == 12, \
        f"12 steps were asked for, {len(moved)} were made, and {reported} are reported."
    assert next(numbers) == 12, "More batches were drawn than used. On real data that costs as much as the training."


def check_14_12(train_and_save):
    story = []
    def broken(steps): raise ValueError("a misspelled report")
    try: train_and_save(lambda: story.append("move"), lambda: story.append("save"), broken, 10, 4)
    except NameError as e: raise AssertionError(f"It dies of a misspelled name ({e}), after all the training.")
    except ValueError: silent = False
    else: silent = True
    assert story.count("move") == 10, f"10 steps were asked for, and {story.count('move')} were made."
    assert "save" in story, "The report failed, and nothing had been saved: all is lost. Save first."
    assert story[-1] == "save", "The last steps aren't saved when the report fails."
    assert [i - story[:i].count("save") for i, what in enumerate(story) if what == "save"] == [4, 8, 10], (
        "Save after step 4, after step 8, and at the end: whoever pulls the plug at step 9 should lose one step, not "
        "nine.")
    assert not silent, \
        "The report failed, and nobody heard of it. An error that is swallowed will be looked for somewhere else."
