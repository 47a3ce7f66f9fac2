"""Weights in a folder: one safetensors file a part, and model.json saying of what variant and with what hashes.

    models/nano/model.json            {"schema_version", "variant", "parts": {part: {"file", "sha256", "parameters"}}}
    models/nano/understanding.safetensors, action.safetensors, refiner.safetensors, vocabulary.json

Matrices are kept in int8 with one float16 scale a row (`<key>.scale`), vectors in float16; all is computed with in
float32. Nothing is unpickled. A part is loaded only when its hash is the announced one and every key and shape fits.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from automot_ros.base.errors import CheckpointError
from automot_ros.base.results import read_json, write_bytes, write_json
from automot_ros.model.variants import Variant, variant
from automot_ros.policy.vocabulary import Vocabulary

PARTS = ("understanding", "action", "refiner")
MANIFEST = "model.json"
VOCABULARY = "vocabulary.json"
SCHEMA_VERSION = 2
SCALE = ".scale"
_LEVELS = 127.0


def save_part(folder: Path, part: str, module: nn.Module, *, variant_name: str = "nano",
              vocabulary: Vocabulary | None = None) -> str:
    """Write one part and announce it in model.json; returns its sha256. Other parts of the folder stay.

    CheckpointError when the folder holds another variant.
    """
    _known(part)
    variant(variant_name)
    manifest: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "variant": variant_name, "parts": {}}
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
    if manifest["variant"] != variant_name:
        raise CheckpointError("another variant", where=str(folder), got=variant_name, wanted=manifest["variant"])
    state = own_tensors(module)
    data = safetensors.torch.save(_stored(state))
    digest = hashlib.sha256(data).hexdigest()
    write_bytes(folder / f"{part}.safetensors", data)
    words = (vocabulary or Vocabulary.nano()).to_json().encode()
    write_bytes(folder / VOCABULARY, words)
    manifest["vocabulary"] = {"file": VOCABULARY, "sha256": hashlib.sha256(words).hexdigest()}
    manifest["parts"][part] = {"file": f"{part}.safetensors", "sha256": digest,
                               "parameters": sum(p.numel() for p in module.parameters())}
    manifest["parts"] = {name: manifest["parts"][name] for name in PARTS if name in manifest["parts"]}
    write_json(folder / MANIFEST, manifest)
    return digest


def load_part(folder: Path, part: str, module: nn.Module) -> None:
    """Fill `module` with a part's weights. CheckpointError says which file, hash, key or shape does not fit."""
    entry = _entry(folder, part)
    path = folder / f"{part}.safetensors"
    data = _announced(path, entry["sha256"])
    try:
        found = _restored(safetensors.torch.load(data))
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError("no tensors", where=str(path), got=error) from error
    wanted = own_tensors(module)
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or unknown:
        raise CheckpointError("keys do not fit the model", where=str(path),
                              got=f"unknown {unknown[:5]}", wanted=f"missing {missing[:5]}")
    for key, tensor in wanted.items():
        if found[key].shape != tensor.shape:
            raise CheckpointError("shape", where=f"{path}: {key}", got=tuple(found[key].shape),
                                  wanted=tuple(tensor.shape))
        if found[key].is_complex() or found[key].is_floating_point() != tensor.is_floating_point():
            raise CheckpointError("number format", where=f"{path}: {key}", got=found[key].dtype, wanted=tensor.dtype)
        if tensor.is_floating_point() and not found[key].float().isfinite().all():
            raise CheckpointError("not finite", where=f"{path}: {key}", got="NaN or infinity", wanted="numbers")
    module.load_state_dict(found, strict=False)


def load_vocabulary(folder: Path) -> Vocabulary:
    """The folder's vocabulary, checked against its announced hash."""
    entry = read_manifest(folder).get("vocabulary")
    if entry is None:
        raise CheckpointError("no vocabulary announced", where=str(folder / MANIFEST))
    _announced(folder / VOCABULARY, entry["sha256"])
    return Vocabulary.load(folder / VOCABULARY)


def variant_of(folder: Path) -> Variant:
    """The variant that the folder holds."""
    return variant(read_manifest(folder)["variant"])


def model_hash(folder: Path) -> str:
    """16 hex digits that name the weights of all parts in the folder: contexts carry it, results name it."""
    manifest = read_manifest(folder)
    text = manifest["variant"] + "".join(f"{name}{entry['sha256']}" for name, entry in manifest["parts"].items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_manifest(folder: Path) -> dict[str, Any]:
    """model.json, its form checked."""
    path = folder / MANIFEST
    if not path.is_file():
        raise CheckpointError("no model here", where=str(folder), wanted=MANIFEST)
    manifest = read_json(path, CheckpointError)
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION or not isinstance(
        manifest.get("parts"), dict
    ) or not isinstance(manifest.get("variant"), str):
        raise CheckpointError("manifest of another form", where=str(path), wanted=f"schema_version {SCHEMA_VERSION}")
    for name, entry in (*manifest["parts"].items(), (VOCABULARY, manifest.get("vocabulary", {"sha256": ""}))):
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise CheckpointError("file announced without a hash", where=f"{path}: {name}"[:300], got=str(entry)[:100],
                                  wanted='{"file", "sha256"}')
    return manifest


def _stored(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A quarter of the size on disk; the shipped figures are measured with what is shipped."""
    kept: dict[str, Tensor] = {}
    for key, tensor in state.items():
        value = tensor.detach().cpu().contiguous()
        if value.dtype.is_floating_point and value.ndim >= 2:
            rows = value.float().flatten(1)
            scale = (rows.abs().amax(1) / _LEVELS).clamp(min=1e-7).half()
            kept[key] = (rows / scale.float()[:, None]).round().clamp(-_LEVELS, _LEVELS).to(torch.int8).view_as(value)
            kept[key + SCALE] = scale
        else:
            kept[key] = value.half() if value.dtype.is_floating_point else value
    return kept


def _restored(kept: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was stored, in float32 where it has a scale."""
    found = {}
    for key, value in kept.items():
        scale = kept.get(key + SCALE)
        if scale is not None and scale.shape == value.shape[:1]:
            value = value.float() * scale.float().view(-1, *[1] * (value.ndim - 1))
        if not key.endswith(SCALE) or key.removesuffix(SCALE) not in kept:
            found[key] = value
    return found


def own_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and persistent buffers by name, tied ones once, under their first name."""
    kept: dict[str, Tensor] = {}
    seen: set[int] = set()
    for key, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            kept[key] = tensor
    return kept


def _entry(folder: Path, part: str) -> dict[str, Any]:
    _known(part)
    parts = read_manifest(folder)["parts"]
    if part not in parts:
        raise CheckpointError("part not in the model", where=str(folder), got=sorted(parts), wanted=part)
    entry: dict[str, Any] = parts[part]
    return entry


def _announced(path: Path, sha256: str) -> bytes:
    if not path.is_file():
        raise CheckpointError("file missing", where=str(path))
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise CheckpointError("not the announced file", where=str(path), got=f"sha256 {digest}", wanted=sha256)
    return data


def _known(part: str) -> None:
    if part not in PARTS:
        raise CheckpointError("unknown part", got=part, wanted=" | ".join(PARTS))
