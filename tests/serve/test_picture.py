import io

import numpy as np
from PIL import Image

from hemascope.serve.picture import SIDE
from tests.serve.test_app import problem


def tiff(height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "TIFF")
    return pixels, file.getvalue()


def test_a_small_image_comes_back_as_its_centred_square_without_loss(client):
    pixels, data = tiff(20, 30)
    response = client.post("/v1/picture", content=data, headers={"content-type": "image/tiff"})
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "no-store"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(response.content))), pixels[:, 5:25])


def test_a_large_image_comes_back_small(client):
    response = client.post("/v1/picture", files={"files": tiff(700, 600)[1]})
    assert Image.open(io.BytesIO(response.content)).size == (SIDE, SIDE)


def test_limits_hold(client, client_of):
    image = {"content-type": "image/tiff"}
    problem(client.post("/v1/picture", content=b"no picture", headers=image), 422, "unreadable-image")
    problem(
        client_of(max_pixels=100).post("/v1/picture", content=tiff(20, 20)[1], headers=image), 422, "unreadable-image"
    )
