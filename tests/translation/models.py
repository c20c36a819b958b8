"""A CTranslate2 model of a few kilobytes, made here and run by the real library: whatever it is asked, it says one sentence.

Its layers add nothing to what they get, so that the next word follows from the one before alone; the projection holds that chain.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from ctranslate2.specs import transformer_spec

WIDTH = 64
"""Of a hidden state: a place for every piece of the vocabulary."""


def make(folder: Path, said: dict[str, str], names: Sequence[str] = ()) -> None:
    """A model that says `said[name]` after the piece `name`, and `said["<s>"]` without one; `names` are pieces that no text has."""
    folder.mkdir(parents=True)
    pieces = _pieces([*said.values(), "The house is big."])
    for file in ("source.spm", "target.spm", "sentencepiece.bpe.model"):
        (folder / file).write_bytes(pieces)
    reader = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    words = [reader.id_to_piece(number) for number in range(len(reader))] + list(names)
    spec = transformer_spec.TransformerSpec.from_config(1, 2)
    _fill(spec, words, {name: reader.encode(text, out_type=str) for name, text in said.items()})
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    spec.save(str(folder))


def _pieces(sentences: list[str]) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, model_type="word", vocab_size=WIDTH, hard_vocab_limit=False, minloglevel=2
    )
    return model.getvalue()


def _fill(spec: Any, words: list[str], chains: dict[str, list[str]]) -> None:
    place = {word: number for number, word in enumerate(words)}
    assert len(words) <= WIDTH
    embedding = np.eye(len(words), WIDTH, dtype=np.float32) * 10  # far above what the positions add
    spec.encoder.embeddings[0].weight, spec.decoder.embeddings.weight = embedding, embedding
    projection = np.zeros((len(words), WIDTH), np.float32)
    for name, chain in chains.items():
        for before, after in pairwise([name, *chain, "</s>"]):
            projection[place[after], place[before]] = 1
    _linear(spec.decoder.projection, projection)
    for part in (spec.encoder, spec.decoder):
        _norm(part.layer_norm)
        for layer in part.layer:
            for attention, shapes in _attentions(layer):
                _norm(attention.layer_norm)
                for linear, rows in zip(attention.linear, shapes, strict=True):
                    _linear(linear, np.zeros((rows, WIDTH), np.float32))
            _norm(layer.ffn.layer_norm)
            _linear(layer.ffn.linear_0, np.zeros((WIDTH, WIDTH), np.float32))
            _linear(layer.ffn.linear_1, np.zeros((WIDTH, WIDTH), np.float32))


def _attentions(layer: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    yield layer.self_attention, (3 * WIDTH, WIDTH)
    if hasattr(layer, "attention"):
        yield layer.attention, (WIDTH, 2 * WIDTH, WIDTH)


def _norm(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)


def _linear(linear: Any, weight: Any) -> None:
    linear.weight, linear.bias = weight, np.zeros(len(weight), np.float32)
