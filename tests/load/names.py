"""Names of patients that nobody has: three thousand family names, a few of them common, and sixty given ones."""

import random

FAMILY = [
    head + middle + end
    for end in ("sen", "ström", "ez", "ini", "ova", "man", "er", "aux", "sson", "ić")
    for middle in ("a", "vor", "de", "lin", "mar", "ro", "bel", "ti", "gan", "so", "ker", "lu", "ne", "hol", "wi")
    for head in ("Ber", "Hal", "Nor", "Kar", "Mo", "Ste", "Val", "Ros", "Fer", "Gre", "Lin", "Sa", "Ol", "Du", "Pe",
                 "Wal", "Tor", "Ma", "Cas", "Bru")
]  # fmt: skip
GIVEN = [head + end for head in ("An", "Mar", "Jo", "El", "Li", "Re", "So", "Ni", "Ka", "Da") for end in
         ("na", "ia", "sé", "ra", "nus", "ko")]  # fmt: skip


def drawn(rng: random.Random) -> tuple[str, str]:
    """Given and family name; the first family names are the most common ones."""
    return rng.choice(GIVEN), FAMILY[int(rng.expovariate(1 / 300)) % len(FAMILY)]
