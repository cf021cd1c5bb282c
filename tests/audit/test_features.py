import numpy as np

from hemascope.audit.features import draw_map, embed


def test_embedding_keeps_neighbours_and_skips_other_rows() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (100, 40)).astype(np.float16)
    features[1] = features[0]
    rows = np.arange(90)
    embedding = embed(features, rows)
    assert embedding.dtype == np.float32
    assert not embedding[90:].any()
    distances = np.linalg.norm(embedding[rows] - embedding[0], axis=1)
    assert distances.argsort()[1] == 1 or distances.argsort()[0] == 1


def test_a_set_without_images_gives_an_empty_embedding() -> None:
    assert not embed(np.zeros((3, 0), np.float16), np.array([], np.int64)).any()


def test_like_images_lie_together_on_the_map() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat([0, 1], 40)
    embedding = (cluster[:, None] * 20 + rng.normal(0, 1, (80, 6))).astype(np.float32)
    positions = draw_map(embedding, np.arange(79), np.array([3]))
    assert np.isnan(positions[79]).all()
    placed = positions[:79]
    centres = [placed[cluster[:79] == c].mean(axis=0) for c in (0, 1)]
    nearest = np.array([[np.linalg.norm(p - c) for c in centres] for p in placed]).argmin(axis=1)
    assert (nearest == cluster[:79]).mean() > 0.95


def test_a_few_images_make_no_map() -> None:
    assert np.isnan(draw_map(np.zeros((5, 3), np.float32), np.arange(5), np.arange(5))).all()
