"""Properties that every corruption must have, searched for counterexamples."""
import pytest
import torch
from hypothesis import given, settings, strategies as st

from recon.core import parse_spec
from recon.corruptions import CORRUPTIONS, build_corruption

settings.register_profile("recon", max_examples=40, deadline=None, derandomize=True)
settings.load_profile("recon")

sizes = st.tuples(st.integers(1, 3), st.sampled_from([1, 3]), st.integers(1, 40), st.integers(1, 40))
unit = st.floats(0, 1, allow_nan=False)
spans = st.tuples(unit, unit).map(lambda p: tuple(sorted(p)))
strengths = st.one_of(unit, spans)
rectangles = st.one_of(st.integers(1, 50), st.tuples(st.integers(1, 9), st.integers(9, 50)))
specs = st.one_of(
    strengths.map(lambda s: f"gaussian_noise(sigma={s})"), strengths.map(lambda s: f"salt_and_pepper(amount={s})"),
    rectangles.map(lambda s: f"rectangle(size={s})"),
    st.integers(1, 50).map(lambda s: f"center_hole(size={s})"),
    st.tuples(st.integers(0, 4), st.floats(-1, 1)).map(lambda s: f"free_form(strokes={s[0]}, value={s[1]})"),
    st.tuples(st.integers(1, 8), st.sampled_from(["bilinear", "bicubic"]), st.booleans(), st.booleans()).map(
        lambda s: f"downscale(factor={s[0]}, mode='{s[1]}', antialias={s[2]}, restore_size={s[3]})"),
    st.sampled_from(["none", "grayscale", "lightness"]))


def images(shape, seed): return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def corrupt(spec, x, seed): return build_corruption(spec)(x, torch.Generator().manual_seed(seed))


@given(specs | st.sampled_from(["lightness(hints=(0, 4))", "lightness(hints=3, dot=5)"]), sizes, st.integers(0, 2**31))
def test_range_shape_and_untouched_pixels(spec, shape, seed):
    x = images(shape, seed)
    before = x.clone()
    image, mask = corrupt(spec, x, seed)
    assert torch.equal(x, before), "the input must not be changed"
    assert len(image) == len(x) and image.dtype == x.dtype and torch.isfinite(image).all()
    assert -1 <= image.min() and image.max() <= 1
    if not spec.startswith("downscale") or "restore_size=True" in spec: assert image.shape[-2:] == x.shape[-2:]
    if mask is not None:
        assert mask.shape == (len(x), 1, *x.shape[-2:]) and set(mask.unique().tolist()) <= {0.0, 1.0}
        kept = mask.expand_as(x) == 0
        assert torch.equal(image[kept], x[kept]), "pixels outside the mask must be identical"


@given(specs, specs, sizes, st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_corruption(one, two, shape, seed):
    x, spec = images(shape, seed), f"{one} | {two}"
    a, b = corrupt(spec, x, seed), corrupt(spec, x, seed)
    assert torch.equal(a.image, b.image) and (a.mask is None) == (b.mask is None)
    assert a.mask is None or torch.equal(a.mask, b.mask)
    torch.rand(7)  # whatever else happens to the global generator
    assert torch.equal(a.image, corrupt(spec, x, seed).image)


@given(specs)
def test_repr_is_the_spec(spec):
    c = build_corruption(spec)
    assert repr(build_corruption(repr(c))) == repr(c) and parse_spec(repr(c))[0] == parse_spec(spec)[0]


@given(st.sampled_from(sorted(CORRUPTIONS)), st.integers(0, 2**31))
def test_an_image_is_corrupted_alike_on_every_device(name, seed):
    # No second device is needed to check the rule behind it: all random numbers are drawn in float32 where the
    # generator is.
    x = images((2, 3, 16, 16), seed)
    low, full = corrupt(name, x.double(), seed).image, corrupt(name, x, seed).image
    assert torch.allclose(low.float(), full, atol=1e-5)


@pytest.mark.parametrize("spec, value", [
    ("rectangle(size=(30, 40)) | rectangle(size=(30, 40))", 1.0), ("rectangle", 1.0), ("center_hole", 0.0),
    ("free_form(value=-1.0)", -1.0), ("rectangle | gaussian_noise(sigma=0.1)", 1.0),
    ("rectangle | center_hole", None), ("gaussian_noise", None), ("grayscale | downscale", None),
    ("salt_and_pepper", None)])
def test_a_corruption_says_what_it_fills_missing_pixels_with(spec, value):
    assert build_corruption(spec).value == value


def test_what_chained_rectangles_cover_has_their_value():
    chained = build_corruption("rectangle(size=(30, 40)) | rectangle(size=(30, 40))")
    image, mask = chained(images((2, 3, 128, 128), 0), torch.Generator().manual_seed(1))
    assert (image[mask.expand_as(image) > 0] == chained.value).all()
