"""Barcode bandits: ten-armed bandits that come back, each under its barcode (Ritter et al. 2018)."""

from fastslow.tasks.bandit import OneGoodArm
from fastslow.tasks.recurring import Recurring


def barcode_bandits(
    arms: int = 10,
    p_good: float = 0.9,
    p_rest: float = 0.1,
    pulls: int = 10,
    contexts: int = 10,
    exposures: int = 10,
    bits: int = 10,
    noise: float = 0.0,
    whole: bool = False,
    form: str = "barcode",
) -> Recurring:
    """Bandits of which one arm pays `p_good`, the others `p_rest`; `pulls` each time one is met.

    What else there is to set is `Recurring`'s.
    """
    bandit = OneGoodArm(p_good, p_rest, arms, pulls)
    return Recurring(bandit, noise, contexts, exposures, bits, whole, form)
