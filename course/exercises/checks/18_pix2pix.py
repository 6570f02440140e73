"""The checks of 18_pix2pix. Made by make.py; change source/18_pix2pix.py."""


import math

import torch
from torch.nn import functional as F


def pair(seed=0, shape=(2, 1, 4, 4)):
    "Two images that belong together."
    return torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def check_18_1(alone, both):
    for answer in (alone, both):
        assert isinstance(answer, (set, list, tuple)) and set(answer) <= set("ABCD"), \
            "Give two sets of letters, such as {\"A\"}."
    assert "A" not in set(alone) | set(both), "A makes nothing but the truth. There is nothing to see."
    assert "B" not in alone, (
        "B makes each house as often as it occurs in truth. What could a discriminator object to that doesn't know the "
        "map?")
    assert "D" not in alone, \
        "A fair coin makes each house half of the time. Compare with how often they occur in truth."
    assert "C" in alone, "In truth half of all houses are house 1. How many are, in C's work?"
    assert "B" in both, "Which pairs of map and house occur in truth, and which in B's work?"
    assert set(both) == {"B", "C", "D"}, (
        "One more makes pairs that never occur in truth: write down the four pairs with their probabilities, for each "
        "generator.")


def check_18_2(patch, in_front, at_end):
    assert patch([]) == 1, "Without any layer one number depends on one pixel."
    side = patch([(4, 2), (4, 2), (4, 2), (4, 1), (4, 1)])
    assert side != 28, (
        "28 comes out when one goes through the layers in the wrong direction. Where does the *one* number stand that "
        "we start from?")
    assert side != 16, \
        "16: the strides are missing. Neighbours in a later map are more than one pixel of the image apart."
    assert side != 100, (
        "The kernel is laid at `side` places that overlap: how many *steps* are there between the first and the last "
        "place?")
    assert side == 70, f"The paper's discriminator sees 70 pixels; yours {side}."
    assert patch([(4, 2)]) == 4, "A single layer sees its kernel, whatever the stride."
    assert in_front != 86 or at_end != 72, \
        "The other way round: which of the two places has neighbours that are many pixels apart?"
    assert (in_front, at_end) != (72, 72), (
        "At full size a 3 × 3 kernel adds a pixel on each side. How far apart in the image are neighbours in the "
        "*last* map?")
    assert in_front == 72 and at_end == 86, "The function is right, and the prediction isn't yet. Ask the function."


def check_18_3(d_loss, g_loss):
    given, truth = pair()
    made = (given * 0.5 - 0.2).requires_grad_()
    asked = []

    def says(a, b):
        asked.append((a.detach(), b.detach()))
        return 3 * (a * b).mean((1, 2, 3))

    is_shown = lambda image: any(torch.equal(b, image) for _, b in asked)
    loss = d_loss(says, given, truth, made)
    assert torch.is_tensor(loss) and loss.ndim == 0, "One number is wanted: a mean over all pairs."
    assert all(torch.equal(a, given) for a, _ in asked), (
        "What is `given` should be the same for both pairs. When a map is to be answered, nobody has the true partner "
        "yet.")
    assert is_shown(truth) and is_shown(made.detach()), \
        "The discriminator compares two pairs: given and true partner, given and made."
    real, fake = says(given, truth), says(given, made.detach())
    wanted = F.softplus(-real).mean() + F.softplus(fake).mean()
    assert abs(loss - wanted) < 1e-5, \
        f"The discriminator's loss should be {wanted:.4f} here, and is {loss:.4f}. Is what is real in its place?"
    assert not loss.requires_grad, (
        "Going back from the discriminator's loss one arrives at the generator: it would learn to be *recognised*. Cut "
        "it off.")
    cost = lambda y, weight: g_loss(says, given, truth, y, weight)
    believed = F.softplus(-says(given, made)).mean()
    assert abs(cost(made, 0) - believed) < 1e-5, (
        "With weight 0 only the discriminator's opinion of (given, made) should be left, and a *high* logit is good "
        "for the generator.")
    error = (cost(made, 10) - cost(made, 0)) / 10
    assert not torch.isclose(error, (made - truth).square().mean()), \
        "That is the squared error. The paper takes the other one because it makes less blur."
    assert not torch.isclose(error, (made - given).abs().mean()), \
        "The distance to what was *given* keeps the generator from translating at all."
    assert torch.isclose(error, (made - truth).abs().mean(), atol=1e-4), \
        f"The mean absolute error is {(made - truth).abs().mean():.4f}; weight 10 adds {10 * error:.4f} to yours."
    grad, = torch.autograd.grad(cost(made, 0), made, allow_unused=True) if cost(made, 0).requires_grad else (None,)
    assert grad is not None, \
        "The discriminator's opinion never reaches the generator: is the made image cut off here, too?"


def check_18_4(turn):
    given, truth = pair(shape=(2, 3, 4, 4))
    w, asked = torch.full((), 0.5, requires_grad=True), []

    def D(x):
        asked.append(x.detach())
        return x.mean((1, 2, 3))

    losses = turn(lambda x: w * x, D, given, truth)
    assert len(losses) == 2 and all(torch.is_tensor(v) and v.ndim == 0 for v in losses), \
        "Two numbers: the discriminator's loss and the generator's."
    assert all(x.shape == (2, 6, 4, 4) for x in asked), \
        "The discriminator should always be shown six channels: both images."
    halves = [[torch.equal(half, given) for half in x.chunk(2, 1)] for x in asked]
    assert all(any(h) for h in halves), "The discriminator isn't always shown what was given."
    assert all(h == halves[0] for h in halves), (
        "This discriminator can be right about every pair without looking at the *photograph* at all. In what else do "
        "the pairs differ that it is shown?")
    cost = lambda made: float(turn(lambda x: made, D, given, truth)[1])
    assert cost(truth) < cost(given), (
        f"A generator that gives the truth pays {cost(truth):.1f}, and one that gives back what it was shown "
        f"{cost(given):.1f}. Which of the two do you want?")
    assert abs(cost(truth) - float(F.softplus(-torch.cat([given, truth], 1).mean((1, 2, 3))).mean())) < 1e-4, \
        "A generator that gives the truth should pay only for the discriminator's doubt."
    assert not losses[0].requires_grad, \
        "The discriminator's loss reaches the generator: that part of the program was right."


def check_18_5(signal, t1_weighted, t2_weighted):
    tissues = {"C": (2569, 329, 1), "F": (350, 70, 1), "G": (833, 83, 0.86), "W": (500, 70, 0.77)}
    assert abs(signal(500, 70, 0.77, 1e6, 0) - 0.77) < 1e-3, (
        "Who waits long before each pulse and reads at once measures the density. Yours doesn't: is one of the "
        "fractions upside down?")
    assert signal(500, 70, 1, 100, 0) < signal(500, 70, 1, 1000, 0), \
        "The longer the repetition time, the more has recovered. There is a 1 minus in it."
    assert signal(500, 70, 1, 1000, 90) < signal(500, 70, 1, 1000, 15), "The later the echo, the less is left."
    assert abs(signal(500, 70, 0.77, 500, 15) - 0.39284) < 1e-4, (
        f"White matter, T1-weighted, should give 0.393; yours {signal(500, 70, 0.77, 500, 15):.3f}. Which time belongs "
        "to which?")
    for name, order in (("first", t1_weighted), ("second", t2_weighted)):
        assert isinstance(order, str) and sorted(order) == list("CFGW"), \
            f"The {name} order should be a string with the four letters, once each."
    by = lambda tr, te: "".join(sorted(tissues, key=lambda k: -signal(*tissues[k], tr, te)))
    assert t1_weighted != by(500, 15)[::-1] and t2_weighted != by(4000, 90)[::-1], "The brightest first, please."
    assert t1_weighted != t2_weighted, \
        "One order for both? Then nobody would need the second scan. Look at the fluid's two times."
    assert t1_weighted == by(500, 15), "T1-weighted: who has recovered fastest is brightest. Your `signal` can tell."
    assert t2_weighted == by(4000, 90), (
        "T2-weighted: with such a long repetition almost all have recovered, and what counts is who fades slowest; "
        "where two fade alike, the density. Your `signal` can tell.")


def check_18_6(best_table, can_beat):
    generator = torch.Generator().manual_seed(0)
    level = torch.randint(0, 200, (3, 1, 8, 8), generator=generator)
    level[0, 0, 0] = 7
    given, wanted = level / 127.5 - 1, torch.rand(3, 1, 8, 8, generator=generator) ** 3 * 2 - 1
    table = best_table(given, wanted)
    assert torch.is_tensor(table) and table.shape == (256,), "256 numbers are wanted, shape [256]."
    assert table.isfinite().all() and (table[200:] == 0).all(), \
        "Brightnesses that never occur should get 0; dividing by how often they occur doesn't work there."
    seen = wanted[level == 7]
    assert not abs(table[7] - seen.median()) < 1e-4, "That is the median: the favourite of the *absolute* error."
    assert not abs(table[7] - seen.sum() / level.numel()) < 1e-4, \
        "Divide by how often this brightness was seen, not by the number of all pixels."
    assert abs(table[7] - seen.mean()) < 1e-4, (
        f"In the example brightness 7 was seen {len(seen)} times, and your row isn't what squared error wants for "
        "these.")
    assert (
        abs(
            table
            - torch.stack([wanted[level == k].mean() if (level == k).any() else torch.zeros(()) for k in range(256)])
        ).max()
        < 1e-4
    ), "Right for one row, wrong for others: rounding?"
    assert isinstance(can_beat, (set, list, tuple)) and set(can_beat) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\"}."
    assert not set(can_beat) & set("ABD"), \
        "One of yours still gives one answer to one brightness, however cleverly chosen: it *is* a table."
    assert set(can_beat) == {"C", "E"}, \
        "One more may give two answers to one brightness. What does it know that the brightness doesn't say?"


def check_18_7(psnr_inside):
    truth, made = pair(3, (3, 1, 8, 8))
    inside = (
        torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(4))
        > torch.tensor([0.2, 0.5, 0.8]).view(3, 1, 1, 1)
    ).float()
    squared = ((made - truth) / 2).square()
    p = psnr_inside(made, truth, inside)
    wanted = torch.stack([-10 * s[m > 0].mean().log10() for s, m in zip(squared, inside)])
    assert torch.is_tensor(p) and p.shape == (3,), \
        "One number for each image, shape [3]: a mean over the batch comes later, and over decibels."
    assert not torch.allclose(p, -10 * (squared * inside).mean((1, 2, 3)).log10(), atol=1e-3), \
        "The pixels outside are zero, but they are still counted: divide by how many there are *inside*."
    assert not torch.allclose(p, wanted - 20 * math.log10(2), atol=1e-3), \
        "6 dB too low: the images are in [-1, 1], and the peak 1 belongs to [0, 1]."
    assert not torch.allclose(p, -10 * squared.mean((1, 2, 3)).log10(), atol=1e-3), "The mask has no effect."
    assert not torch.allclose(p, -10 * ((squared * inside).sum((1, 2, 3)) / inside.sum() * 3).log10(), atol=1e-3), \
        "Each image has a head of its own size: divide by its own number of pixels."
    assert torch.allclose(p, wanted, atol=1e-3), f"The first image should have {wanted[0]:.2f} dB, and has {p[0]:.2f}."


def check_18_8(by_l1, by_l2, price):
    close = lambda a, b: abs(a - b) < 1e-3
    assert not close(by_l1, 0.7), (
        "0.7 is the mean. The absolute error doesn't want it: go from 0.7 a little upwards; three cases in four gain "
        "what one loses.")
    assert not close(by_l2, 0.8) and not close(by_l2, 0.6), \
        "The squared error wants the mean of all cases, and they aren't half and half."
    assert close(by_l1, 0.8), \
        "A pixel is 0.8 in three cases of four and 0.4 in one. Where is the sum of the distances smallest?"
    assert close(by_l2, 0.7), "The squared error wants the mean of the four cases."
    assert not close(price, 2), "A quarter of the draws hits the right height and has no error at all."
    assert not close(price, 0.75), \
        "How many rows in four are wrong when the height is wrong: only the one where you have put a joint?"
    assert price > 1, "By definition no answer has a smaller expected absolute error than `by_l1`."
    assert close(price, 1.5), (
        "Not yet: the probability of a wrong height, times the share of rows that are then wrong, against the share "
        "that the wall without joints gets wrong.")


def check_18_9(hold):
    assert isinstance(hold, (set, list, tuple)) and len(set(hold)) and set(hold) <= set("ABCDE"), \
        "Give a set of letters, such as {\"A\"}."
    assert "A" not in hold, \
        "By KID nothing is better than perfect photographs of the wrong houses. Would you hand them to the architect?"
    assert "B" not in hold, "By absolute error flat paint wins, and nobody would take it for a photograph."
    assert "C" in hold, (
        "What does KID compare: each answer with its partner, or two distributions? The last row of the table is an "
        "example.")
    assert "E" in hold, \
        "Compare the maps of the first two houses. If the answer shows the second, which map will be read?"
    assert "D" in hold, (
        "Each baseline is good in one column and bad in the other. What would a translator have to do to be better "
        "than a thief *and* than a painter of flat areas?")


def check_18_10(survives, trial):
    t1, t2 = pair(5, (1, 1, 12, 12))
    spot = torch.zeros(1, 1, 12, 12)
    spot[..., 3:6, 4:8] = 1
    kept = t1.clone(), t2.clone()
    true = (0.9 - t2[spot > 0]).mean().item()
    share = lambda translate, value=-0.7: float(survives(translate, t1, t2, spot, value, 0.9))
    def want(translate, value=-0.7):
        change = translate(torch.where(spot > 0, torch.tensor(value), t1)) - translate(t1)
        return change[spot > 0].mean().item() / true
    mirror, always = lambda x: -x, lambda x: 0 * x + 0.4
    assert abs(share(always)) < 1e-4, (
        "This translator answers every head with the same grey, so nothing of a lesion can survive. Yours sees "
        "something: what is the answer of the *same* head without the lesion?")
    assert not abs(share(mirror) - (-0.9 - (-t1)[spot > 0].mean().item()) / true) < 1e-4, \
        "T1 got the lesion's brightness of T2. Would a real scanner show it so?"
    whole = lambda x: x + 0.3 * (x - F.avg_pool2d(x, 5, 1, 2))
    changed = whole(torch.where(spot > 0, torch.tensor(-0.7), t1)) - whole(t1)
    assert not abs(share(whole) - changed.mean().item() / (true * spot.mean().item())) < 1e-4, \
        "The mean goes over the whole head. What the answer does elsewhere isn't the lesion."
    for translate in (mirror, whole, lambda x: 0.5 * x + 0.2):
        assert abs(share(translate) - want(translate)) < 1e-3, (
            f"Of this translator's lesion {want(translate):.2f} of the contrast should survive, and yours says "
            f"{share(translate):.2f}.")
    assert torch.equal(t1, kept[0]) and torch.equal(t2, kept[1]), \
        "The healthy scans were painted over: the next lesion will find this one there."
    assert trial in ("A", "B", "C", "D"), "Answer with a letter."
    assert trial != "A", (
        "A thousand healthy heads contain no lesion. The number would come out the same for a translator that heals "
        "everybody.")
    assert trial != "C", \
        "What T1 shows so plainly is the easy case: there the T2 scan would be spared at no loss anyway."
    assert trial != "D", "They will say how believable it looks. A healthy answer to an ill head is most believable."
