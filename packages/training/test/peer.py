"""The encoder of src/encoder.ts and its training in PyTorch: the judge of our gradients and the peer of our speed.

Usage: peer.py FOLDER, with task.json and weights.safetensors in FOLDER. Reads one JSON command per line and answers
each with one line: {"do": "gradients"} writes gradients.safetensors, {"do": "train", "steps": n} takes n steps.
"""

import json
import struct
import sys
import time

import torch
import torch.nn.functional as F


def read_safetensors(path, dtype):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(data[start:end], dtype=torch.float32)
        tensors[name] = flat.reshape(entry["shape"]).to(dtype)
    return tensors


def write_safetensors(path, tensors):
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(part)]}
        parts.append(part)
        at += len(part)
    encoded = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded + b"".join(parts))


def encode(shape, weights, ids, mask, dropout):
    """Logits of a batch; `weights` by our names, matrices as [in, out]."""
    window, hidden, heads = shape["windowTokens"], shape["hidden"], shape["heads"]
    batch, length = ids.shape
    missing = -length % window
    ids, mask = F.pad(ids, (0, missing)), F.pad(mask, (0, missing))
    pairs = (F.pad(ids, (1, -1)) * 7919 + ids) % shape["bigramRows"]

    def linear(x, name):
        return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def norm(x, name):
        return F.layer_norm(x, (hidden,), weights[f"{name}.gain"], weights[f"{name}.offset"], 1e-12)

    def drop(x):
        return F.dropout(x, dropout) if dropout else x

    x = F.embedding(ids, weights["embedding.word"]) + F.embedding(pairs, weights["embedding.bigram"])
    x = x.reshape(-1, window, hidden) + weights["embedding.position"]
    x = drop(norm(x, "embedding.norm"))
    bias = ((1 - mask) * -10000.0).reshape(-1, 1, 1, window).to(x.dtype)
    for layer in range(shape["layers"]):
        name = f"layer.{layer}"
        query, key, value = (
            linear(x, f"{name}.{role}").reshape(-1, window, heads, hidden // heads).transpose(1, 2)
            for role in ("query", "key", "value")
        )
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        context = context.transpose(1, 2).reshape(-1, window, hidden)
        x = norm(x + drop(linear(context, f"{name}.attention")), f"{name}.attention.norm")
        inner = F.gelu(linear(x, f"{name}.feedforward.in"))
        x = norm(x + drop(linear(inner, f"{name}.feedforward.out")), f"{name}.feedforward.norm")
    kept = mask.to(x.dtype).unsqueeze(-1)
    pooled = (x.reshape(batch, -1, hidden) * kept).sum(1) / kept.sum(1)
    return linear(drop(pooled), "classifier")


def load_batch(batch):
    ids = torch.tensor(batch["ids"])
    mask = (torch.arange(ids.shape[1]) < torch.tensor(batch["lengths"]).unsqueeze(1)).long()
    return ids, mask, torch.tensor(batch["labels"])


def main(folder):
    with open(f"{folder}/task.json") as file:
        task = json.load(file)
    torch.set_num_threads(task["threads"])
    torch.manual_seed(1)
    shape, plan = task["shape"], task["plan"]
    weights = read_safetensors(f"{folder}/weights.safetensors", getattr(torch, task["dtype"]))
    for weight in weights.values():
        weight.requires_grad_(True)
    batches = [load_batch(batch) for batch in task["batches"]]
    decaying = [weight for name, weight in weights.items() if name in task["decaying"]]
    others = [weight for name, weight in weights.items() if name not in task["decaying"]]
    groups = [{"params": decaying, "weight_decay": plan["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1.0, fused=task["fused"])
    step = 0

    def loss_of(batch):
        ids, mask, labels = batch
        return F.cross_entropy(encode(shape, weights, ids, mask, plan["dropout"]), labels)

    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "gradients":
            loss = loss_of(batches[0])
            loss.backward()
            write_safetensors(f"{folder}/gradients.safetensors", {name: weight.grad for name, weight in weights.items()})
            optimizer.zero_grad()
            answer = {"loss": loss.item()}
        else:
            started, losses = time.perf_counter(), []
            for _ in range(command["steps"]):
                for group in optimizer.param_groups:
                    group["lr"] = task["rates"][step]
                loss = loss_of(batches[step % len(batches)])
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(weights.values(), plan["clipNorm"])
                optimizer.step()
                losses.append(loss.item())
                step += 1
            answer = {"losses": losses, "ms": 1000 * (time.perf_counter() - started), "torch": torch.__version__}
        print(json.dumps(answer), flush=True)


main(sys.argv[1])
