import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.augment.batch import OPERATIONS, augment
from hemascope.augment.colour import AFFINE, DENSITY
from hemascope.augment.geometry import GEOMETRY
from hemascope.augment.policy import FULL, Policy
from tests.augment.conftest import seeded


def policies() -> st.SearchStrategy[Policy]:
    """Any strengths, many of them off."""
    bounds = {name: (1.0, 4.0) if name == "zoom" else (0.0, strength) for name, strength in FULL.items()}
    keys = {name: st.floats(*bound) for name, bound in bounds.items()}
    shares = dict.fromkeys(("clean", "fill", "degrade", "occlude", "magnitude"), st.floats(0, 1))
    return st.fixed_dictionaries({}, optional={**keys, **shares, "rand": st.integers(0, 5)}).map(Policy.model_validate)


@settings(deadline=None, max_examples=40)
@given(policy=policies(), n=st.integers(1, 5), height=st.integers(8, 20), width=st.integers(8, 20))
def test_shape_range_and_repeatability(policy: Policy, n: int, height: int, width: int) -> None:
    batch = torch.rand(n, 3, height, width, generator=seeded(2))
    first = augment(batch, policy, seeded(3))
    assert first.shape == batch.shape
    assert first.isfinite().all()
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, augment(batch, policy, seeded(3)))


def test_default_policy_gives_the_images_back(images: torch.Tensor) -> None:
    assert augment(images, Policy(), seeded()) is images


def test_every_image_has_its_own_parameters_and_every_call_others(images: torch.Tensor) -> None:
    same = images[:1].expand(8, -1, -1, -1)
    generator = seeded()
    first, second = (augment(same, Policy(brightness=0.3), generator) for _ in range(2))
    means = torch.cat([first, second]).mean(dim=(1, 2, 3))
    assert len(means.unique()) == 16


def test_rotation_by_half_a_turn_and_mirror_match_torch(images: torch.Tensor) -> None:
    torch.testing.assert_close(augment(images, Policy(flip=1.0), seeded()), images.flip(3), rtol=0, atol=1e-5)
    turned = augment(images, Policy(rotation=180), seeded())
    centre = turned[:, :, 23:25, 23:25].mean(dim=(2, 3))
    torch.testing.assert_close(centre, images[:, :, 23:25, 23:25].mean(dim=(2, 3)), rtol=0, atol=1e-4)


def test_saturation_keeps_each_pixels_grey(images: torch.Tensor) -> None:
    grey = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    changed = augment(images, Policy(saturation=0.2), seeded())
    assert not torch.allclose(changed, images, atol=0.01)
    torch.testing.assert_close((changed * grey).sum(1), (images * grey).sum(1), rtol=0, atol=1e-3)


def test_contrast_keeps_the_mean_and_brightness_scales_it(images: torch.Tensor) -> None:
    grey = torch.tensor([0.299, 0.587, 0.114])
    before = images.mean(dim=(2, 3)) @ grey
    torch.testing.assert_close(augment(images, Policy(contrast=0.2), seeded()).mean(dim=(2, 3)) @ grey, before)
    ratio = augment(images, Policy(brightness=0.2), seeded()) / images
    assert ratio.flatten(1).std(dim=1).max() < 1e-3
    assert 0.8 <= ratio.min() <= ratio.max() <= 1.2


def test_noise_has_the_stated_strength() -> None:
    flat = torch.full((400, 3, 16, 16), 0.5)
    sigma = (augment(flat, Policy(noise=0.1), seeded()) - 0.5).flatten(1).std(dim=1)
    assert sigma.max() < 0.12
    assert sigma.mean() == pytest.approx(0.05, abs=0.005)  # uniform between 0 and the strength


def test_fill_is_drawn_for_each_image() -> None:
    halves = torch.where(torch.arange(48) < 24, 1.0, 0.0).expand(400, 3, 48, 48)
    moved = augment(halves, Policy(shift=0.5, fill=0.3), seeded())
    # Reflections are black and white, the border's mean colour is grey.
    filled = ((moved > 0.01) & (moved < 0.99)).flatten(1).float().mean(dim=1) > 0.05
    assert filled.float().mean() == pytest.approx(0.3, abs=0.1)


def test_images_share_no_pixels_with_those_resampled_in_another_part(images: torch.Tensor) -> None:
    large = torch.nn.functional.interpolate(images, size=256, mode="bilinear")  # a few at a time fit in the cache
    policy = Policy(rotation=180, fill=0.5, stain=0.1)
    whole = augment(large, policy, seeded())
    for index in (0, 5):
        alone = large.clone()
        alone[:index], alone[index + 1 :] = 0, 0
        torch.testing.assert_close(augment(alone, policy, seeded())[index], whole[index])


def test_clean_share_is_left_untouched(images: torch.Tensor) -> None:
    many = images.repeat(100, 1, 1, 1)
    untouched = (augment(many, Policy(clean=0.3, brightness=0.5), seeded()) == many).flatten(1).all(dim=1)
    assert untouched.float().mean() == pytest.approx(0.3, abs=0.05)


def test_what_is_never_clean_is_changed_and_the_rest_as_before(images: torch.Tensor) -> None:
    policy, chosen = Policy(clean=0.8, brightness=0.5), torch.arange(8) < 4
    plain, without = augment(images, policy, seeded()), augment(images, policy, seeded(), chosen)
    assert torch.equal(plain[4:], without[4:])
    assert not (without[:4] == images[:4]).flatten(1).all(dim=1).any()


def test_every_operation_is_applied_somewhere() -> None:
    assert {*GEOMETRY, *AFFINE, *DENSITY, *OPERATIONS} == set(FULL)


@pytest.mark.parametrize("name", FULL)
def test_every_operation_at_full_strength_changes_images_each_otherwise(images: torch.Tensor, name: str) -> None:
    same = images[:1].expand(8, -1, -1, -1)
    changed = augment(same, Policy.model_validate({name: FULL[name]}), seeded())
    assert not torch.allclose(changed, same, atol=0.01)
    different = len(changed.flatten(1).unique(dim=0))
    assert different >= (1 if name == "flip" else 4)  # weak posterising or solarising may show nothing


@pytest.mark.parametrize("name", ["fixed", "wide", "rand"])
def test_named_policies_repeat_themselves_and_leave_their_input_alone(images: torch.Tensor, name: str) -> None:
    policy, before = Policy.model_validate(name), images.clone()
    changed = augment(images, policy, seeded())
    assert torch.equal(images, before)
    assert torch.equal(changed, augment(images.contiguous(memory_format=torch.channels_last), policy, seeded()))
    assert not torch.equal(changed, augment(images, policy, seeded(1)))


def test_bytes_are_read_as_255ths(images: torch.Tensor) -> None:
    shades = (images * 255).round().to(torch.uint8)
    policy = Policy(rotation=180, stain=0.1)
    torch.testing.assert_close(augment(shades, policy, seeded()), augment(shades / 255, policy, seeded()))
    torch.testing.assert_close(augment(shades, Policy(), seeded()), shades / 255)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_on_a_gpu() -> None:
    images, generator = torch.rand(16, 3, 48, 48, device="cuda"), torch.Generator("cuda").manual_seed(0)
    changed = augment(images, Policy.model_validate("wide"), generator)
    assert changed.device == images.device
    assert 0 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize("name", FULL)
def test_processes_that_share_a_batch_make_the_images_that_one_would(images: torch.Tensor, name: str) -> None:
    policy = Policy.model_validate({name: FULL[name], "clean": 0.2, "fill": 0.5, "degrade": 0.6, "occlude": 0.6})
    alone, one = augment(images, policy, alone_draws := seeded()), []
    for wanted in (slice(0, 3), slice(3, 7), slice(7, 8)):
        one.append(augment(images, policy, draws := seeded(), wanted=wanted)[wanted])
        assert torch.equal(draws.get_state(), alone_draws.get_state())
    torch.testing.assert_close(torch.cat(one), alone, rtol=0, atol=1e-6)


def test_a_whole_policy_is_shared_too(images: torch.Tensor) -> None:
    many, policy = images.repeat(5, 1, 1, 1), Policy.model_validate({"name": "wide", "rand": 2, "magnitude": 0.5})
    alone = augment(many, policy, seeded())
    shared = [augment(many, policy, seeded(), wanted=part)[part] for part in (slice(0, 21), slice(21, 40))]
    torch.testing.assert_close(torch.cat(shared), alone, rtol=0, atol=1e-5)
