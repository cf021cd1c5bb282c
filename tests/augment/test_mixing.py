import pytest
import torch

from hemascope.augment.mixing import mix, mix_colours, move_colours
from tests.augment.conftest import seeded

TARGETS = torch.arange(8)


def flat(n: int = 8) -> torch.Tensor:
    return torch.arange(float(n)).view(n, 1, 1, 1).expand(n, 3, 20, 20)


def test_none_gives_the_images_and_one_hot_targets(images):
    same, soft = mix("none", images, TARGETS, 8, seeded())
    assert same is images
    assert torch.equal(soft, torch.eye(8))


@pytest.mark.parametrize("kind", ["mixup", "cutmix", "mixcut"])
def test_labels_are_mixed_as_the_pixels_are(kind):
    # Where image i has the value i, and class i, the mean pixel is the mean class.
    for seed in range(6):
        mixed, soft = mix(kind, flat(), TARGETS, 8, seeded(seed))
        torch.testing.assert_close(soft.sum(dim=1), torch.ones(8))
        torch.testing.assert_close(mixed.mean(dim=(1, 2, 3)), soft @ torch.arange(8.0), rtol=1e-4, atol=1e-4)
        assert torch.equal(mixed, mix(kind, flat(), TARGETS, 8, seeded(seed))[0])


def test_mixup_blends_and_cutmix_cuts_a_box():
    blended, _ = mix("mixup", flat(), TARGETS, 8, seeded())
    assert all(len(image.unique()) == 1 for image in blended)
    cut, soft = mix("cutmix", flat(), TARGETS, 8, seeded())
    for number, (image, target) in enumerate(zip(cut, soft, strict=True)):
        assert set(image.unique().tolist()) <= set(target.nonzero().flatten().float().tolist())
        other = image[0] != number
        assert other.sum() == other.any(dim=0).sum() * other.any(dim=1).sum()


def test_mixcut_is_now_the_one_now_the_other():
    kinds = {
        all(len(image.unique()) == 1 for image in mix("mixcut", flat(), TARGETS, 8, seeded(seed))[0])
        for seed in range(12)
    }
    assert kinds == {True, False}


def test_soft_targets_are_mixed_too(images):
    soft = torch.full((8, 4), 0.25)
    torch.testing.assert_close(mix("mixup", images, soft, 4, seeded())[1], soft)


def test_an_unknown_kind(images):
    with pytest.raises(ValueError, match="mix is one of none, mixup, cutmix, mixcut, not 'blend'"):
        mix("blend", images, TARGETS, 8, seeded())  # type: ignore[arg-type]


def test_colours_go_towards_another_image_and_the_picture_stays() -> None:
    pictures = 0.2 + 0.2 * torch.rand(8, 3, 20, 20, generator=seeded(1))
    pictures[4:] = 0.5 + 1.5 * (pictures[4:] - 0.3)  # another laboratory: lighter, of more contrast
    moved = mix_colours(pictures, 1.0, seeded())
    changed = (moved != pictures).flatten(1).any(1)
    assert 0 < changed.sum() < 8
    spread, mean = torch.std_mean(pictures, dim=(2, 3), keepdim=True)
    own, centre = torch.std_mean(moved, dim=(2, 3), keepdim=True)
    # Nothing was clipped, so that each picture is the same but for its colours, and these lie between two others'.
    torch.testing.assert_close((moved - centre) / own, (pictures - mean) / spread, rtol=1e-3, atol=1e-3)
    assert (centre.amin(0) >= mean.amin(0) - 1e-5).all()
    assert (centre.amax(0) <= mean.amax(0) + 1e-5).all()
    assert torch.equal(moved, mix_colours(pictures, 1.0, seeded()))


def test_images_of_one_colour_take_each_others() -> None:
    plain = torch.linspace(0.1, 0.8, 8).view(8, 1, 1, 1).expand(8, 3, 6, 6).contiguous()
    moved = mix_colours(plain, 1.0, seeded())
    assert (moved != plain).any()
    assert all(len(image.unique()) == 1 for image in moved)
    assert moved.min() >= plain.min()
    assert moved.max() <= plain.max()


def test_colours_that_are_given_are_reached_all_the_way() -> None:
    pictures = 0.3 + 0.2 * torch.rand(3, 3, 20, 20, generator=seeded(2))
    mean, spread = torch.full((3, 3, 1, 1), 0.6), torch.full((3, 3, 1, 1), 0.05)
    moved = move_colours(pictures, mean, spread, torch.ones(3, 1, 1, 1))
    torch.testing.assert_close(moved.mean(dim=(2, 3)), mean[..., 0, 0], atol=1e-4, rtol=0)
    torch.testing.assert_close(moved.std(dim=(2, 3)), spread[..., 0, 0], atol=1e-4, rtol=0)
    torch.testing.assert_close(move_colours(pictures, mean, spread, torch.zeros(3, 1, 1, 1)), pictures)
