"""Random generators as a function of (base seed, cell, replicate, purpose), never of the fitter."""

import hashlib

import numpy as np


def _words(text: str) -> list[int]:
    """Four 32-bit words of a text's SHA-256: stable across runs, unlike hash()."""
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]


def generator(base_seed: int, cell: str, replicate: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose ("truth", "sample", "start/near_truth", ...) of a run."""
    entropy = [base_seed, *_words(cell), replicate, *_words(purpose)]
    return np.random.default_rng(np.random.SeedSequence(entropy))
