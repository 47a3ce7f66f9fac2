"""Weights: the manifest, the vocabulary and the tensors of a model folder, and the state of a stopped training."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from pathlib import Path

import torch
from torch import nn

from automot_ros.policy.checkpoint import load_part, load_vocabulary, model_hash, save_part, variant_of
from automot_ros.training.loop import LoopConfig, fit
from fuzzing.mutate import changed_json, damaged, damaged_json
from fuzzing.subject import Case, FindingError, Subject, write_case

MANIFEST, WEIGHTS, WORDS = "model.json", "action.safetensors", "vocabulary.json"


def small_network() -> nn.Module:
    """Matrices, vectors and a buffer of whole numbers, as the experts have them."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Linear(4, 3))
    network.register_buffer("steps", torch.tensor([3, 4]))
    return network


class Checkpoint(Subject):
    """A folder whose hashes are right more often than not: who can change weights can change what is announced."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        save_part(folder / "good", "action", small_network(), variant_name="debug")
        self._good = {name: (folder / "good" / name).read_bytes() for name in (MANIFEST, WEIGHTS, WORDS)}
        self._network = small_network()

    def good(self) -> Case:
        """As it was written."""
        return self._good

    def draw(self, rng: random.Random) -> Case:
        """One file is changed."""
        files = dict(self._good)
        changed = rng.choice((MANIFEST, WEIGHTS, WEIGHTS, WEIGHTS, WORDS))
        if changed == MANIFEST:
            return files | {MANIFEST: damaged_json(rng, json.loads(files[MANIFEST]))}
        if changed == WORDS:
            files[WORDS] = damaged_json(rng, json.loads(files[WORDS]))
        else:
            files[WEIGHTS] = _other_header(rng, files[WEIGHTS]) if rng.random() < 0.5 else damaged(rng, files[WEIGHTS])
        if rng.random() < 0.85:
            manifest = json.loads(files[MANIFEST])
            manifest["parts"]["action"]["sha256"] = hashlib.sha256(files[WEIGHTS]).hexdigest()
            manifest["vocabulary"]["sha256"] = hashlib.sha256(files[WORDS]).hexdigest()
            files[MANIFEST] = json.dumps(manifest).encode()
        return files

    def take(self, case: Case) -> None:
        """Everything that is read of a folder."""
        there = self.folder / "case"
        write_case(case, there)
        load_part(there, "action", self._network)
        if not all(torch.isfinite(t).all() for t in self._network.state_dict().values()):
            raise FindingError("weights that are not finite were loaded")
        load_vocabulary(there)
        variant_of(there)
        model_hash(there)


def _other_header(rng: random.Random, data: bytes) -> bytes:
    """Other names, shapes, types or places of tensors."""
    size = struct.unpack_from("<Q", data)[0]
    text = json.dumps(changed_json(rng, json.loads(data[8 : 8 + size]))).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


class TrainingState(Subject):
    """state.pt, from which a stopped training goes on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._config = LoopConfig(steps=1, batch_size=1, learning_rate=0.1, save_every=1)
        self._train(folder / "state.pt")
        self._good = (folder / "state.pt").read_bytes()

    def _train(self, file: Path) -> None:
        network = nn.Linear(2, 2)
        fit(network, lambda step: (network(torch.ones(1, 2)).sum(), {}), self._config, file, lambda line: None)

    def good(self) -> Case:
        """As it was written."""
        return {"state.pt": self._good}

    def draw(self, rng: random.Random) -> Case:
        """Bytes of it are others."""
        return {"state.pt": damaged(rng, self._good)}

    def take(self, case: Case) -> None:
        """Go on from it; no step is left."""
        write_case(case, self.folder)
        self._train(self.folder / "state.pt")
