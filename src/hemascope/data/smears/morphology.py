"""The eight classes by name."""

from collections.abc import Callable

import numpy as np

from hemascope.data.smears.cell import packed, scattered
from hemascope.data.smears.scene import Cell, Cytoplasm, Granules, Nucleus, Pigment
from hemascope.data.smears.shapes import Limb, Shape, bean, lobes, round_body

_FINE = (0.10, 0.17)  # radii in µm of granules at the limit of the light microscope


def neutrophil(rng: np.random.Generator) -> Cell:
    """Two to five lobes joined by strands, or a band; clumped chromatin; pale pink cytoplasm, fine granules."""
    radius = rng.normal(6.2, 0.4)
    count = int(rng.choice([1, 2, 3, 4, 5], p=[0.22, 0.2, 0.34, 0.18, 0.06]))
    if count == 1:
        shape = bean(rng, width=rng.uniform(1.4, 1.9), bend=rng.uniform(2.3, 3.1), sweep=rng.uniform(3.2, 4.6))
    else:
        shape = lobes(rng, count, ring=0.45 * radius, size=2.65 - 0.22 * count, strand=rng.uniform(0.35, 0.9))
    toxic = rng.beta(1.2, 4)  # how strongly the granules stain
    return Cell(
        "neutrophil",
        Cytoplasm(
            round_body(rng, radius, ruffle=0.16),
            {Pigment.ACIDOPHILIA: rng.uniform(0.16, 0.28), Pigment.BASOPHILIA: rng.uniform(0.08, 0.18)},
            mottle=0.16,
            mottle_scale=0.4,
        ),
        Nucleus(shape, rng.uniform(0.94, 1.05), contrast=rng.uniform(0.45, 0.6), grain=0.33, rim=0.1),
        (Granules(scattered(rng, 170, radius, _FINE), Pigment.AZUROPHILIA, 0.12 + 0.45 * toxic, 0.6),),
    )


def eosinophil(rng: np.random.Generator) -> Cell:
    """Two lobes, sometimes three; cytoplasm packed with large, round, orange-red granules."""
    radius = rng.normal(6.4, 0.45)
    count = int(rng.choice([2, 3], p=[0.8, 0.2]))
    shape = lobes(rng, count, ring=0.46 * radius, size=2.5 if count == 2 else 1.95, strand=rng.uniform(0.4, 1.2))
    red = rng.uniform(0.75, 1.05)
    return Cell(
        "eosinophil",
        Cytoplasm(
            round_body(rng, radius, ruffle=0.15),
            {Pigment.ACIDOPHILIA: 0.5 * red, Pigment.BASOPHILIA: rng.uniform(0.12, 0.26)},
            mottle=0.12,
        ),
        Nucleus(shape, rng.uniform(0.86, 0.98), contrast=rng.uniform(0.45, 0.6), grain=0.33, rim=0.2),
        (Granules(packed(rng, 0.66, radius - 0.15, (0.26, 0.4)), Pigment.ACIDOPHILIA, 0.5 * red, 0.4, 0.05),),
    )


def basophil(rng: np.random.Generator) -> Cell:
    """Dark purple granules of all sizes over an irregular nucleus that they hide."""
    radius = rng.normal(5.7, 0.45)
    count = int(rng.choice([2, 3]))
    shape = lobes(rng, count, ring=0.35 * radius, size=0.46 * radius, strand=1.5, ruffle=0.3)
    number = int(rng.uniform(180, 380))
    return Cell(
        "basophil",
        Cytoplasm(
            round_body(rng, radius, ruffle=0.22, ruffle_scale=1.2),
            {Pigment.BASOPHILIA: rng.uniform(0.12, 0.3), Pigment.AZUROPHILIA: rng.uniform(0.05, 0.2)},
            mottle=0.25,
        ),
        Nucleus(shape, rng.uniform(0.7, 0.9), contrast=0.4, grain=0.33, rim=0.15),
        (
            Granules(scattered(rng, number, radius - 0.1, (0.14, 0.38)), Pigment.CHROMATIN, 0.95, 0.15, 0.7),
            Granules(scattered(rng, 140, radius + 0.1, _FINE), Pigment.AZUROPHILIA, 0.6, 0.3, 0.5),
        ),
    )


def immature_granulocyte(rng: np.random.Generator) -> Cell:
    """Promyelocyte to metamyelocyte: a large eccentric nucleus, round to indented, finer chromatin; red granules."""
    age = rng.random()  # 0: promyelocyte (large, blue, nucleoli), 1: metamyelocyte (smaller, pink, indented)
    radius = rng.normal(7.0 - 0.6 * age, 0.4)
    inner = radius * (0.8 - 0.16 * age)
    away = min(rng.uniform(0.2, 0.4) * radius * (0.6 + 0.4 * age), radius - inner)
    angle = rng.uniform(0, 2 * np.pi)
    x, y = away * np.cos(angle), away * np.sin(angle)
    if age > 0.65:
        shape = bean(rng, width=0.55 * inner + 0.4, bend=1.9, sweep=rng.uniform(1.8, 2.8), x=x, y=y)
    else:
        shape = round_body(rng, inner, stretch=rng.uniform(0, 2.0), ruffle=0.15, x=x, y=y)
    nucleoli = scattered(rng, int(rng.integers(1, 4)) if age < 0.4 else 0, 0.5 * inner, (0.5, 0.8))
    nucleoli[:, :2] += x, y
    number = int(rng.uniform(150, 500))
    return Cell(
        "immature_granulocyte",
        Cytoplasm(
            round_body(rng, radius, stretch=rng.uniform(0, 2.0), ruffle=0.18),
            {
                Pigment.BASOPHILIA: 0.5 - 0.3 * age + rng.normal(0, 0.04),
                Pigment.ACIDOPHILIA: 0.08 + 0.14 * age,
            },
            mottle=0.18,
            mottle_scale=0.5,
            halo=0.3 * (1 - age),
        ),
        Nucleus(shape, rng.uniform(0.88, 1.0), rng.uniform(0.45, 0.6), 0.4, 0.33, 0.15, nucleoli),
        (Granules(scattered(rng, number, radius, (0.1, 0.2)), Pigment.AZUROPHILIA, rng.uniform(0.3, 0.9), 0.4, 0.3),),
    )


def lymphocyte(rng: np.random.Generator) -> Cell:
    """A dense round nucleus, sometimes notched, that all but fills a small cell; a thin clear blue rim."""
    radius = rng.normal(4.7, 0.45)
    inner = radius * rng.uniform(0.8, 0.9)
    away, angle = rng.uniform(0, radius - inner), rng.uniform(0, 2 * np.pi)
    shape = round_body(rng, inner, ruffle=0.18, x=away * np.cos(angle), y=away * np.sin(angle))
    hairy = rng.random() < 0.3
    return Cell(
        "lymphocyte",
        Cytoplasm(
            round_body(rng, radius, ruffle=0.25 if hairy else 0.16, ruffle_scale=0.7 if hairy else 1.5),
            {Pigment.BASOPHILIA: rng.uniform(0.65, 1.0)},
            mottle=0.15,
            mottle_scale=0.5,
            edge=0.35,
        ),
        Nucleus(shape, rng.uniform(0.86, 0.98), contrast=rng.uniform(0.32, 0.48), grain=0.33, rim=0.1),
        (Granules(scattered(rng, int(rng.choice([0, 0, 0, 6])), radius, (0.15, 0.25)), Pigment.AZUROPHILIA, 0.5),),
    )


def monocyte(rng: np.random.Generator) -> Cell:
    """The largest: a folded kidney or horseshoe of lacy chromatin; grey-blue cytoplasm, vacuoles, ragged outline."""
    radius = rng.normal(7.5, 0.5)
    shape = bean(rng, width=rng.uniform(2.5, 3.2), bend=rng.uniform(2.2, 3.0), sweep=rng.uniform(2.6, 3.8), ruffle=0.3)
    vacuoles = scattered(rng, int(rng.poisson(2.5)), 0.85 * radius, (0.2, 0.6), 0.35 * radius)
    return Cell(
        "monocyte",
        Cytoplasm(
            round_body(rng, radius, stretch=rng.uniform(1, 4), ruffle=0.4, ruffle_scale=rng.choice([1.5, 2.5, 4.0])),
            {Pigment.BASOPHILIA: rng.uniform(0.38, 0.6), Pigment.ACIDOPHILIA: rng.uniform(0.02, 0.12)},
            mottle=0.18,
            mottle_scale=0.3,
            edge=0.2,
            vacuoles=vacuoles,
        ),
        Nucleus(shape, rng.uniform(0.86, 0.98), contrast=rng.uniform(0.5, 0.65), openness=0.55, grain=0.33, rim=0.15),
        (Granules(scattered(rng, 60, radius, (0.1, 0.17)), Pigment.AZUROPHILIA, 0.2, 0.5),),
    )


def erythroblast(rng: np.random.Generator) -> Cell:
    """A small, smooth, very dense round nucleus; cytoplasm from deep blue to grey-pink as haemoglobin fills it."""
    age = rng.beta(2, 1.5)  # 0: basophilic, 1: orthochromatic
    radius = rng.normal(5.2 - 0.9 * age, 0.35)
    inner = radius * (0.74 - 0.2 * age)
    away, angle = rng.uniform(0.1, 0.9) * (radius - inner), rng.uniform(0, 2 * np.pi)
    shape = Shape((Limb.disc(away * np.cos(angle), away * np.sin(angle), inner),), ruffle=0.05)
    return Cell(
        "erythroblast",
        Cytoplasm(
            round_body(rng, radius, stretch=rng.uniform(0, 1.2), ruffle=0.2),
            {
                Pigment.BASOPHILIA: 0.85 - 0.6 * age + rng.normal(0, 0.05),
                Pigment.HAEMOGLOBIN: 0.3 + 0.7 * age,
            },
            mottle=0.05,
        ),
        Nucleus(shape, rng.uniform(1.05, 1.2), contrast=0.5 - 0.4 * age, grain=0.5, rim=0.1),
    )


def platelet(rng: np.random.Generator) -> Cell:
    """No nucleus: a small irregular body, pale blue, its purple granules gathered in the middle."""
    radius = min(max(rng.lognormal(0.7, 0.2), 1.3), 3.2)
    number = int(16 * radius**2)
    return Cell(
        "platelet",
        Cytoplasm(
            round_body(rng, radius, stretch=rng.uniform(0, 0.5), ruffle=0.14 * radius, ruffle_scale=0.8),
            {Pigment.BASOPHILIA: rng.uniform(0.3, 0.65), Pigment.AZUROPHILIA: rng.uniform(0.1, 0.25)},
            mottle=0.3,
            mottle_scale=0.4,
        ),
        None,
        (
            Granules(
                scattered(rng, number, 0.85 * radius, (0.12, 0.24)), Pigment.AZUROPHILIA, rng.uniform(0.5, 0.9), 0.3
            ),
        ),
    )


DESCRIBE: dict[str, Callable[[np.random.Generator], Cell]] = {
    "basophil": basophil,
    "eosinophil": eosinophil,
    "erythroblast": erythroblast,
    "immature_granulocyte": immature_granulocyte,
    "lymphocyte": lymphocyte,
    "monocyte": monocyte,
    "neutrophil": neutrophil,
    "platelet": platelet,
}
"""Class name -> a function that describes one cell of the class, drawn at random, centred at the origin."""
