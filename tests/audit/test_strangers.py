import numpy as np

from hemascope.audit.strangers import strangeness


def test_a_lone_image_is_stranger_than_a_crowd_and_than_its_copies_allow() -> None:
    rng = np.random.default_rng(0)
    embedding = rng.normal(0, 1, (200, 10)).astype(np.float32)
    embedding[3] += 60
    embedding[4] = embedding[3]  # one copy does not make it usual
    z = strangeness(embedding, np.arange(199))
    assert z[[3, 4]].min() > 10
    assert np.abs(np.delete(z, [3, 4, 199])).max() < 6
    assert np.isnan(z[199])


def test_a_handful_of_images_has_no_strangers() -> None:
    assert np.isnan(strangeness(np.zeros((4, 2), np.float32), np.arange(4))).all()
