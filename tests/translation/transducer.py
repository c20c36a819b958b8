"""A streaming transducer of a few kilobytes for sherpa-onnx, made here and run by the real library: while it is loud it says its words.

Of the LSTM kind, whose states are carried along and left alone: the encoder is a gate that opens with loudness, the decoder knows which
word follows the last one (the first after the last), and the joiner says it, or nothing (blank) while the gate is shut.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAMES, STEP = 9, 4
"""Feature frames (10 ms) of which the encoder makes its own, and by how many it goes on."""

QUIET = -9.0
"""Log energy of a frame under which nothing is said."""

Shape = list[int | str]


def make(folder: Path, words: Sequence[str]) -> None:
    """A model that says `words` round and round."""
    pieces = ["<blk>", *(f"▁{word}" for word in words)]
    size = len(pieces)
    (folder / "tokens.txt").write_text("".join(f"{piece} {number}\n" for number, piece in enumerate(pieces)))
    following = np.zeros((size, size), np.float32)
    for before in range(size):
        following[before, before % (size - 1) + 1] = 9
    _save(
        folder / "encoder.onnx",
        [
            helper.make_node("ReduceMean", ["x"], ["loud"], axes=[2], keepdims=1),
            helper.make_node("Slice", ["loud", "begin", "end", "along", "step"], ["few"]),
            helper.make_node("Sub", ["few", "quiet"], ["over"]),
            helper.make_node("Sigmoid", ["over"], ["gate"]),
            helper.make_node("Expand", ["gate", "wide"], ["encoder_out"]),
            helper.make_node("Identity", ["h"], ["next_h"]),
            helper.make_node("Identity", ["c"], ["next_c"]),
        ],
        {"x": ["N", FRAMES, 80], "h": [1, "N", 4], "c": [1, "N", 4]},
        {"encoder_out": ["N", "S", size], "next_h": [1, "N", 4], "next_c": [1, "N", 4]},
        {"begin": [0], "end": [STEP], "along": [1], "step": [STEP], "quiet": np.float32(QUIET), "wide": [1, 1, size]},
        {"model_type": "lstm", "num_encoder_layers": 1, "T": FRAMES, "decode_chunk_len": STEP, "rnn_hidden_size": 4, "d_model": 4},
    )
    _save(
        folder / "decoder.onnx",
        [
            helper.make_node("Slice", ["y", "last", "end", "along"], ["word"]),
            helper.make_node("Squeeze", ["word", "along"], ["one"]),
            helper.make_node("Gather", ["following", "one"], ["decoder_out"]),
        ],
        {"y": ["N", 2]},
        {"decoder_out": ["N", size]},
        {"last": [1], "end": [2], "along": [1], "following": following},
        {"vocab_size": size, "context_size": 2},
    )
    _save(
        folder / "joiner.onnx",
        [helper.make_node("Mul", ["encoder_out", "decoder_out"], ["said"]), helper.make_node("Add", ["said", "blank"], ["logit"])],
        {"encoder_out": ["N", size], "decoder_out": ["N", size]},
        {"logit": ["N", size]},
        {"blank": np.eye(1, size, dtype=np.float32) * 3},
        {"joiner_dim": size},
    )


def _save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Shape],
    outputs: dict[str, Shape],
    constants: dict[str, object],
    about: dict[str, object],
) -> None:
    def values(shapes: dict[str, Shape]) -> list[onnx.ValueInfoProto]:
        kinds = {name: TensorProto.INT64 if name == "y" else TensorProto.FLOAT for name in shapes}
        return [helper.make_tensor_value_info(name, kinds[name], shape) for name, shape in shapes.items()]

    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, path.stem, values(inputs), values(outputs), held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {name: str(value) for name, value in about.items()})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
