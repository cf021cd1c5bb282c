"""Cells other than granulocytes, each drawn by one function as a description centred at the origin.

Lymphocytes, monocytes, erythroblasts and platelets.

Sizes are those of May-Grünwald-Giemsa stained smears (Bain, Blood Cells, 6th ed.; the images of Acevedo et al. 2020).
"""

import numpy as np

from hemascope.data.smears.granules import scattered
from hemascope.data.smears.scene import Cell, Cytoplasm, Granules, Nucleus, Pigment
from hemascope.data.smears.shapes import Limb, Shape, bean, round_body


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
