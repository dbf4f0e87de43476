"""Optimisers as the training configurations name them."""

from typing import Any

import optax


def linear(first: float, last: float, updates: int) -> optax.Schedule:
    """From `first` at update 0 to `last` at the final one."""
    return optax.linear_schedule(first, last, max(updates - 1, 1))


def make_optimizer(config: Any) -> optax.GradientTransformation:
    """Clipping by global norm, then Adam or RMSProp, with a linear schedule of the step size."""
    rate = linear(config.learning_rate, config.final_rate, config.updates)
    if config.optimizer == "rmsprop":
        rule = optax.rmsprop(rate, decay=0.99, eps=0.1)
    else:
        rule = optax.adam(rate)
    return optax.chain(optax.clip_by_global_norm(config.max_gradient), rule)
