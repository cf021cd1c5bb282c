import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    smooth = torch.rand(8, 3, 6, 6, generator=seeded(1)) * 0.6 + 0.2
    return torch.nn.functional.interpolate(smooth, size=48, mode="bilinear")


def strengths() -> st.SearchStrategy[Policy]:
    share = st.floats(0, 1)
    return st.builds(
        Policy, clean=share, rotation=st.floats(0, 180), flip=share, zoom=st.floats(1, 4), shift=st.floats(0, 0.5),
        brightness=share, contrast=share, saturation=share, noise=share,
    )  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(policy=strengths(), n=st.integers(1, 5), height=st.integers(8, 20), width=st.integers(8, 20))
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


def test_clean_share_is_left_untouched(images: torch.Tensor) -> None:
    many = images.repeat(100, 1, 1, 1)
    untouched = (augment(many, Policy(clean=0.3, brightness=0.5), seeded()) == many).flatten(1).all(dim=1)
    assert untouched.float().mean() == pytest.approx(0.3, abs=0.05)


def test_what_is_never_clean_is_changed_and_the_rest_as_before(images: torch.Tensor) -> None:
    policy, chosen = Policy(clean=0.8, brightness=0.5), torch.arange(8) < 4
    plain, without = augment(images, policy, seeded()), augment(images, policy, seeded(), chosen)
    assert torch.equal(plain[4:], without[4:])
    assert not (without[:4] == images[:4]).flatten(1).all(dim=1).any()
