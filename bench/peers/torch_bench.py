"""PyTorch on the rows of the benchmark, one thread: answers requests (bench/protocol.ts), lines of JSON, on standard input."""

import ctypes
import json
import math
import os
import re
import sys
import time

# torch.set_num_threads is for OpenMP: OpenBLAS on pthreads counts for itself, when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

try:
    import numpy as np
    import torch
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = None

ANSWER = "bench-answer "
SAMPLE = 1000
LEARNING_RATE = 1e-3


class Cannot(Exception):
    """Something that cannot be run here: reported, not a failure."""


def numbers(count, seed):
    """mulberry32, whose state after i numbers is seed + i * 0x6D2B79F5 (bench/data.ts)."""
    with np.errstate(over="ignore"):
        a = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (a ^ (a >> np.uint32(15))) * (np.uint32(1) | a)
        t = (t + (t ^ (t >> np.uint32(7))) * (np.uint32(61) | t)) ^ t
        return ((t ^ (t >> np.uint32(14))).astype(np.float64) / 2147483648 - 1).astype(np.float32)


def array(spec):
    """The values of one of a row's arrays."""
    values = numbers(math.prod(spec["shape"]), spec["seed"]).astype(np.float64)
    if "below" in spec:
        whole = np.minimum(spec["below"] - 1, np.floor((values + 1) / 2 * spec["below"]))
        return torch.from_numpy(whole.astype(np.int64)).reshape(spec["shape"])
    return torch.from_numpy((values * spec.get("scale", 1)).astype(np.float32)).reshape(spec["shape"])


def sample(values):
    flat = values.detach().reshape(-1)
    return flat[:: math.ceil(len(flat) / SAMPLE)].tolist()


def load(module, arrays, prefix=""):
    module.load_state_dict({name: arrays[prefix + name] for name in module.state_dict()})


def recurrent(row, **options):
    kind = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU, "RNN": torch.nn.RNN}[row["cell"]]
    return kind(row["inputSize"], row["hiddenSize"], batch_first=True, **options)


def product(row, arrays):
    a, b = arrays["a"], arrays["b"]
    c = torch.empty(row["m"], row["n"])
    return (lambda: torch.mm(a, b, out=c)), (lambda: sample(torch.mm(a, b)))


def forward(row, arrays):
    layer, x = recurrent(row), arrays["x"]
    load(layer, arrays)
    return (lambda: layer(x)), (lambda: sample(layer(x)[0]))


def step(row, arrays):
    cell = torch.nn.LSTMCell(row["inputSize"], row["hiddenSize"])
    cell.load_state_dict({name: arrays[name + "_l0"] for name in cell.state_dict()})
    x = arrays["x"].numpy()
    out = np.zeros(row["hiddenSize"], dtype=np.float32)
    state = [torch.zeros(1, row["hiddenSize"])] * 2

    def run():
        state[:] = cell(torch.from_numpy(x.copy())[None], tuple(state))
        out[:] = state[0][0].numpy()

    def check():
        for _ in range(3):
            run()
        return sample(torch.from_numpy(out))

    return run, check


def training(parameters, forward_pass, y, sparse=()):
    """Forward, loss, backward, Adam; `sparse` parameters are updated where they have a gradient."""
    optimizers = [torch.optim.Adam(parameters, lr=LEARNING_RATE)]
    if sparse:
        optimizers.append(torch.optim.SparseAdam(list(sparse), lr=LEARNING_RATE))

    def run():
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(forward_pass(), y)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss

    return run, lambda: [run().item() for _ in range(3)]


def train(row, arrays):
    embed = torch.nn.Embedding(row["vocabulary"], row["inputSize"], sparse=row["lazy"])
    rnn = recurrent(row, bidirectional=row["bidirectional"])
    out = torch.nn.Linear(row["hiddenSize"] * (2 if row["bidirectional"] else 1), row["classes"])
    for name, module in (("embed.", embed), ("rnn.", rnn), ("out.", out)):
        load(module, arrays, name)
    x, y = arrays["x"], arrays["y"]

    def logits():
        output, state = rnn(embed(x))
        if row["everyStep"]:
            return out(output).reshape(-1, row["classes"])
        return out((state[0] if row["cell"] == "LSTM" else state)[0])

    dense = [*rnn.parameters(), *out.parameters()]
    if row["lazy"]:
        return training(dense, logits, y, sparse=embed.parameters())
    return training([*embed.parameters(), *dense], logits, y)


def dense(row, arrays):
    inputs, hidden, classes = row["sizes"]
    first, second = torch.nn.Linear(inputs, hidden), torch.nn.Linear(hidden, classes)
    load(first, arrays, "first.")
    load(second, arrays, "second.")
    x, y = arrays["x"], arrays["y"]
    return training([*first.parameters(), *second.parameters()], lambda: second(torch.relu(first(x))), y)


KINDS = {"product": product, "forward": forward, "step": step, "train": train, "dense": dense}


def timed(run, runs):
    start = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - start) * 1000


def warm(run, ms, runs):
    spent = done = 0
    while done < runs or spent < ms:
        spent += timed(run, 1)
        done += 1
    count = 1
    while (elapsed := timed(run, count)) < 2:
        count *= 2
    return elapsed / count


def blas():
    """File of the BLAS that is loaded, and the kernels it chose where it tells."""
    try:
        with open("/proc/self/maps", encoding="ascii") as maps:
            files = {match for line in maps for match in re.findall(r"/\S*/[^/\s]*(?:blas|mkl_rt)[^/\s]*\.so\S*", line)}
    except OSError:
        files = set()
    names = []
    for file in sorted(files):
        name = file.rsplit("/", 2)[-2] + "/" + file.rsplit("/", 1)[-1]
        try:
            corename = ctypes.CDLL(file).openblas_get_corename
            corename.restype = ctypes.c_char_p
            name += f" ({corename().decode()})"
        except (AttributeError, OSError):
            pass
        names.append(name)
    return ", ".join(names) or "built in: " + torch.__config__.show().replace("\n", " ")


def describe():
    if MISSING is not None:
        raise Cannot(f"{MISSING} ({sys.executable}; Debian: python3-torch with libopenblas0-pthread)")
    torch.set_num_threads(1)
    a, b = array({"shape": [512, 512], "seed": 1}), array({"shape": [512, 512], "seed": 2})
    once = warm(lambda: torch.mm(a, b), 200, 3)
    # The best: a busy moment says nothing about the BLAS.
    rate = 2 * 512**3 / min(timed(lambda: torch.mm(a, b), 1) for _ in range(max(3, int(300 / once)))) / 1e6
    return {"version": torch.__version__, "threads": torch.get_num_threads(), "blas": blas(), "gemm512": round(rate, 1)}


def main():
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "describe":
                answer = {"facts": describe()}
            elif request["op"] == "prepare":
                row = request["row"]
                torch.set_grad_enabled(row["kind"] in ("train", "dense"))
                run, check = KINDS[row["kind"]](row, {spec["name"]: array(spec) for spec in row["arrays"]})
                answer = {"check": check()}
            elif request["op"] == "warm":
                answer = {"ms": warm(run, request["ms"], request["runs"])}
            elif request["op"] == "time":
                before = time.process_time()
                ms = timed(run, request["runs"])
                answer = {"ms": ms, "cpuMs": (time.process_time() - before) * 1000}
            elif request["op"] == "memory":
                answer = {"memory": None}
            else:
                run, answer = None, {}
        except Cannot as reason:
            answer = {"cannot": str(reason)}
        print(ANSWER + json.dumps(answer), flush=True)


main()
