"""Damaged, hostile and foreign files: none may harm the service, none may be without an answer."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image

from hemascope.serve.schemas import Problem
from tests.predict.pictures import encoded

N = 2400
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF")


def valid(kind, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side):
    """A small PNG that claims, and partly holds, a picture of side x side."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(min(side * (3 * side + 1), 1 << 20)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def mutated(chance, originals):
    """One hostile file."""
    data = bytearray(chance.choice(originals))
    kind = chance.randrange(6)
    if kind == 0:
        return bytes(data[: chance.randrange(len(data))])
    if kind == 1:
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        at = chance.randrange(len(data))
        data[at:at] = chance.randbytes(chance.randint(1, 40))
    elif kind == 3:
        at = chance.randrange(min(len(data), 64))
        data[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"])
    elif kind == 4:
        return bytes(data) + chance.choice(originals)
    else:
        others = [
            b"",
            b"%PDF-1.7\n",
            b"PK\x03\x04" + chance.randbytes(50),
            b"<svg/>",
            b"\0" * 100,
            chance.randbytes(200),
        ]
        return chance.choice([*others, bomb(chance.choice([5000, 20_000, 60_000, 2**31 - 1]))])
    return bytes(data)


def test_every_mutated_image_is_answered(client):
    chance = random.Random(0)
    originals = [valid(kind, seed) for kind in FORMATS for seed in range(3)]
    files = [mutated(chance, originals) for _ in range(N)]
    found = {"read": 0, "refused": 0}
    for start in range(0, N, 100):
        sent = files[start : start + 100]
        response = client.post("/v1/predict", files=[("files", (str(i), data)) for i, data in enumerate(sent)])
        assert response.status_code == 200
        answers = response.json()["predictions"]
        assert [answer["file"] for answer in answers] == [str(i) for i in range(len(sent))]
        for answer in answers:
            if answer["error"]:
                assert answer["error"]["status"] == 422
                found["refused"] += 1
            else:
                assert sum(answer["probabilities"].values()) > 0.999
                found["read"] += 1
    assert sum(found.values()) == N
    assert min(found.values()) > N // 10
    assert client.post("/v1/predict", content=encoded("basophil")).json()["predictions"][0]["label"] == "basophil"


def test_alone_they_are_problems_of_the_client(client):
    chance = random.Random(1)
    originals = [valid(kind, seed) for kind in FORMATS for seed in range(3)]
    for _ in range(200):
        response = client.post("/v1/predict", content=mutated(chance, originals), headers={"content-type": "image/png"})
        assert response.status_code in (200, 422)
        if response.status_code == 422:
            Problem.model_validate(response.json())


def test_mutated_forms(client):
    chance = random.Random(2)
    image = encoded("basophil")
    parts = [b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + image + b"\r\n"] * 3
    whole = b"".join(parts) + b"--b--\r\n"
    for _ in range(200):
        data = bytearray(whole)
        if chance.random() < 0.4:
            del data[chance.randrange(1, len(data)) :]
        for _ in range(chance.randint(0, 6)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        response = client.post(
            "/v1/predict", content=bytes(data), headers={"content-type": "multipart/form-data; boundary=b"}
        )
        assert response.status_code in (200, 400, 422)
