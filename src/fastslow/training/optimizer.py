"""Optimisers and schedules as the training configurations name them."""

from typing import Any

import optax

from fastslow.errors import UserError
from fastslow.tasks.task import check_count, check_range


def linear(first: float, last: float, updates: int) -> optax.Schedule:
    """From `first` at update 0 to `last` at the final one."""
    return optax.linear_schedule(first, last, max(updates - 1, 1))


def make_optimizer(config: Any, steps: int | None = None) -> optax.GradientTransformation:
    """Clipping by global norm, then Adam or RMSProp, its step size falling linearly over `steps` gradient steps
    (one an update unless given)."""
    rate = linear(config.learning_rate, config.final_rate, steps or config.updates)
    rule = optax.adam(rate) if config.optimizer == "adam" else optax.rmsprop(rate, decay=0.99, eps=0.1)
    return optax.chain(optax.clip_by_global_norm(config.max_gradient), rule)


def check_learning(config: Any) -> None:
    """Refuse settings that no actor-critic can learn with, before anything is compiled."""
    check_count("updates", config.updates, 1)
    check_count("lanes", config.lanes, 1)
    check_count("unroll", config.unroll, 0)
    for name in ("gamma", "lambda_"):
        check_range(name, getattr(config, name), 0, 1)
    for name in ("value_weight", "entropy_weight", "final_entropy_weight", "learning_rate", "final_rate"):
        check_range(name, getattr(config, name), 0, 1e6)
    check_range("max_gradient", config.max_gradient, 1e-12, 1e12)
    if config.optimizer not in ("adam", "rmsprop"):
        raise UserError(f"optimizer is '{config.optimizer}', but it must be one of: adam, rmsprop.")
