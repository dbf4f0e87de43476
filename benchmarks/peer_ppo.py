"""RecurrentPPO of sb3-contrib on the two-armed bandit, one rollout at a time: run by `benchmarks.peers`.

Knows nothing of fastslow or JAX, so that it can run in an environment of its own. For every line on standard
input, `SETTING,THREADS`, it trains on for one rollout and answers with the seconds that took.
"""

import sys
import time

import gymnasium
import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import DummyVecEnv

ENVIRONMENTS, UNITS, STEPS = 64, 48, 100
SETTINGS = {
    # The peer's own (10 passes in batches of 128) but for the rollout, which is an episode here.
    "defaults": {},
    "ten passes": {"batch_size": ENVIRONMENTS * STEPS},
    # As few gradient steps as A2C takes.
    "one pass": {"n_epochs": 1, "batch_size": ENVIRONMENTS * STEPS},
}


class Bandit(gymnasium.Env):
    """Two arms, each paying with a probability drawn per episode; last action, last reward and time are seen."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.p, self.time = self.np_random.random(2), 0
        return np.zeros(4, np.float32), {}

    def step(self, action):
        reward = float(self.np_random.random() < self.p[action])
        self.time += 1
        seen = np.array([action == 0, action == 1, reward, self.time / STEPS], np.float32)
        return seen, reward, self.time >= STEPS, False, {}


def model(**settings) -> RecurrentPPO:
    """One shared LSTM with linear heads, like the agent it is compared with."""
    policy = {
        "lstm_hidden_size": UNITS,
        "shared_lstm": True,
        "enable_critic_lstm": False,
        "net_arch": [],
    }
    worlds = DummyVecEnv([Bandit] * ENVIRONMENTS)
    return RecurrentPPO(
        "MlpLstmPolicy", worlds, n_steps=STEPS, policy_kwargs=policy, device="cpu", **settings
    )


def rollout(peer: RecurrentPPO) -> float:
    began = time.perf_counter()
    peer.learn(ENVIRONMENTS * STEPS, reset_num_timesteps=False)
    return time.perf_counter() - began


def main() -> None:
    peers = {name: model(**settings) for name, settings in SETTINGS.items()}
    torch.set_num_threads(1)
    rollout(peers["one pass"])  # the first is slower
    print("ready", flush=True)
    for line in sys.stdin:
        name, threads = line.strip().split(",")
        torch.set_num_threads(int(threads))
        print(rollout(peers[name]), flush=True)


if __name__ == "__main__":
    main()
