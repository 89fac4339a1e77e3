"""What the text half of a glm-4v-9b checkpoint becomes in GGUF, and what both halves share.

The language half is written as architecture ``paddleocr``: RMSNorm, QKV with biases, SwiGLU and M-RoPE, which can
give all patches of an image one position while the mask stays causal, as the model's own code does. (``qwen2vl`` has
the same graph, but llama.cpp as of ggml 0.25.3 does not read its norms' epsilon, an error of 1e-4 on image tokens.)
The rotary pairs are rearranged so that the ones GLM does not turn follow a stream of positions that is always zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from glm4v_ros.catalog.checkpoint import Checkpoint, StoredTensor
from glm4v_ros.catalog.glm4_tokenizer import Glm4Tokenizer
from glm4v_ros.errors import ModelFileError, Unsupported

NAME = "glm-4v-9b"
ROPE_BASE = 10000.0  # modeling_chatglm.py multiplies it by rope_ratio
# One image a conversation, its three tokens in front of the first question, no newline behind the last header: as
# apply_chat_template in tokenization_chatglm.py does it.
CHAT_TEMPLATE = (
    "[gMASK]<sop>{% for message in messages %}<|{{ message.role }}|>{{ '\\n' }}"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% else %}<|begin_of_image|><|endoftext|><|end_of_image|>{% endif %}"
    "{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True)
class Output:
    """One tensor to be written. ``shape`` is the slowest dimension first.

    ``read(start, stop)`` gives that part of the slowest dimension, in the checkpoint's raw type; any number of threads
    may call it. ``exact`` tensors are small, float32 whatever the checkpoint's type, and read whole.
    """

    name: str
    shape: tuple[int, ...]
    read: Callable[[int, int], np.ndarray]
    exact: bool = False


class Half:
    """What both halves share: typed access to the configuration, tensors checked before any work."""

    architecture: str

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.config = checkpoint.config
        if self.config.get("model_type") != "chatglm" or not isinstance(self.config.get("vision_config"), dict):
            raise ModelFileError(
                f"{checkpoint.directory} holds a {self.config.get('model_type', 'nameless')!r} model, not glm-4v-9b "
                "(model_type 'chatglm' with a vision_config)"
            )
        self._missing: list[str] = []
        self._dtypes: set[str] = set()
        self.outputs = self._list_outputs()
        if self._missing:
            shown = ", ".join(self._missing[:3]) + (" ..." if len(self._missing) > 3 else "")
            raise ModelFileError(
                f"{checkpoint.directory} lacks {len(self._missing)} tensors ({shown}); is a shard missing?"
            )
        if len(self._dtypes) != 1:
            raise Unsupported(f"{checkpoint.directory} mixes {', '.join(sorted(self._dtypes))}; one type is needed")
        (self.dtype,) = self._dtypes  # of the checkpoint and of the unquantised file: nothing is lost between them

    def metadata(self) -> dict[str, Any]:
        raise NotImplementedError

    def _list_outputs(self) -> list[Output]:
        raise NotImplementedError

    def _value(self, key: str, config: dict[str, Any] | None = None) -> Any:
        config = self.config if config is None else config
        if key not in config:
            raise ModelFileError(f"{self.checkpoint.directory}/config.json lacks {key!r}")
        return config[key]

    def _require(self, key: str, expected: Any, config: dict[str, Any] | None = None) -> None:
        if (value := self._value(key, config)) != expected:
            raise Unsupported(f"config.json says {key} = {value!r}; only {expected!r} can be converted")

    def _stored(self, name: str, shape: tuple[int, ...]) -> StoredTensor:
        tensor = self.checkpoint.tensors.get(name)
        if tensor is None:
            self._missing.append(name)
            return StoredTensor(name, self.checkpoint.directory, "", shape, 0)
        if tensor.shape != shape:
            raise ModelFileError(f"{tensor.path}: {name} is {list(tensor.shape)}, config.json makes it {list(shape)}")
        self._dtypes.add(tensor.dtype)
        return tensor

    def _copy(self, name: str, source: str, *shape: int) -> Output:
        return Output(name, shape, self._stored(source, shape).rows)

    def _exact(
        self, name: str, source: str, shape: tuple[int, ...], view: Callable[[np.ndarray], np.ndarray]
    ) -> Output:
        """A small tensor in float32, seen through ``view``."""
        stored = self._stored(source, shape)
        seen = view(np.broadcast_to(np.float32(0), shape)).shape
        return Output(name, seen, lambda start, stop: view(stored.read_f32()), exact=True)

    def _vector(self, name: str, source: str, length: int) -> Output:
        return self._exact(name, source, (length,), lambda vector: vector)


class TextHalf(Half):
    architecture = "paddleocr"

    def _list_outputs(self) -> list[Output]:
        for key, expected in (
            ("add_bias_linear", False), ("rmsnorm", True), ("post_layer_norm", True), ("original_rope", True),
            ("apply_residual_connection_post_layernorm", False), ("add_qkv_bias", True), ("multi_query_attention",
            True),
        ):  # fmt: skip
            self._require(key, expected)
        if self.config.get("tie_word_embeddings", False):
            raise Unsupported("config.json ties the output layer to the embeddings; glm-4v-9b does not")
        self.tokenizer = Glm4Tokenizer.of(self.checkpoint)
        self.width, self.layers = self._value("hidden_size"), self._value("num_layers")
        self.heads, self.kv_heads = self._value("num_attention_heads"), self._value("multi_query_group_num")
        self.head, self.feed_forward = self._value("kv_channels"), self._value("ffn_hidden_size")
        self.vocabulary = self._value("padded_vocab_size")
        if self.heads * self.head != self.width or self.head % 4:
            raise Unsupported(f"{self.heads} heads of {self.head} do not make up {self.width} in whole rotary pairs")
        outputs = [
            self._copy(
                "token_embd.weight", "transformer.embedding.word_embeddings.weight", self.vocabulary, self.width
            ),
            self._vector("output_norm.weight", "transformer.encoder.final_layernorm.weight", self.width),
            self._copy("output.weight", "transformer.output_layer.weight", self.vocabulary, self.width),
        ]
        for i in range(self.layers):
            outputs += self._layer(f"blk.{i}.", f"transformer.encoder.layers.{i}.")
        return outputs

    def _layer(self, name: str, source: str) -> list[Output]:
        d, kv, f = self.width, self.kv_heads * self.head, self.feed_forward
        attention, mlp = source + "self_attention.", source + "mlp."
        return [
            self._vector(name + "attn_norm.weight", source + "input_layernorm.weight", d),
            *self._qkv(name, attention + "query_key_value.weight", (d + 2 * kv, d)),
            *self._qkv(name, attention + "query_key_value.bias", (d + 2 * kv,)),
            self._copy(name + "attn_output.weight", attention + "dense.weight", d, d),
            self._vector(name + "ffn_norm.weight", source + "post_attention_layernorm.weight", d),
            self._rows(name + "ffn_gate.weight", mlp + "dense_h_to_4h.weight", (2 * f, d), np.arange(f)),
            self._rows(name + "ffn_up.weight", mlp + "dense_h_to_4h.weight", (2 * f, d), np.arange(f, 2 * f)),
            self._copy(name + "ffn_down.weight", mlp + "dense_4h_to_h.weight", d, f),
        ]

    def _qkv(self, name: str, source: str, shape: tuple[int, ...]) -> list[Output]:
        d, kv = self.width, self.kv_heads * self.head
        rows = {
            "attn_q": self._rotary_rows(self.heads),
            "attn_k": d + self._rotary_rows(self.kv_heads),
            "attn_v": np.arange(d + kv, d + 2 * kv),
        }
        kind = source.rsplit(".", 1)[1]
        if kind == "weight":
            return [self._rows(f"{name}{part}.weight", source, shape, index) for part, index in rows.items()]
        return [
            self._exact(f"{name}{part}.bias", source, shape, lambda vector, index=index: vector[index])
            for part, index in rows.items()
        ]

    def _rotary_rows(self, heads: int) -> np.ndarray:
        """Row order within each head.

        GLM turns the neighbours (0, 1), (2, 3) ... of its first half; M-RoPE turns (i, i + h/2) of the whole head.

        The first quarter of the new pairs are the ones that turn; the others stand still.
        """
        half = np.arange(0, self.head // 2)
        still = np.arange(self.head // 2, self.head)
        first, second = half[0::2], half[1::2]
        order = np.concatenate([first, still[: len(first)], second, still[len(first) :]])
        return (np.arange(heads)[:, None] * self.head + order).reshape(-1)

    def _rows(self, name: str, source: str, shape: tuple[int, ...], rows: np.ndarray) -> Output:
        stored = self._stored(source, shape)

        def read(start: int, stop: int) -> np.ndarray:
            wanted = rows[start:stop]
            first = wanted.min()
            return stored.rows(first, wanted.max() + 1)[wanted - first]

        return Output(name, (len(rows), *shape[1:]), read)

    def metadata(self) -> dict[str, Any]:
        ends = self._value("eos_token_id")
        ends = [ends] if isinstance(ends, int) else ends
        if not 1 <= len(ends) <= 3:
            raise Unsupported(f"config.json names {len(ends)} end tokens {ends}; a GGUF holds one to three")
        texts, types = self.tokenizer.tokens(self.vocabulary)
        quarter = self.head // 4
        arch = self.architecture
        return {
            "general.name": NAME,
            "glm4v.model": NAME,
            "glm4v.images_per_conversation": 1,
            # The model writes this newline itself, behind its header; given to it, an answer can start at once and one
            # that is chosen from a list can be scored.
            "glm4v.answer_prefix": "\n",
            f"{arch}.context_length": self._value("seq_length"),
            f"{arch}.embedding_length": self.width,
            f"{arch}.block_count": self.layers,
            f"{arch}.feed_forward_length": self.feed_forward,
            f"{arch}.attention.head_count": self.heads,
            f"{arch}.attention.head_count_kv": self.kv_heads,
            f"{arch}.attention.layer_norm_rms_epsilon": float(self._value("layernorm_epsilon")),
            # Over the whole head the frequencies are base**(-2i/h); GLM's are (10000 ratio)**(-2i/(h/2)).
            f"{arch}.rope.freq_base": (ROPE_BASE * self.config.get("rope_ratio", 1)) ** 2,
            f"{arch}.rope.dimension_count": self.head,
            f"{arch}.rope.dimension_sections": [quarter, 0, 0, quarter],
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "chatglm-bpe",
            "tokenizer.ggml.tokens": texts,
            "tokenizer.ggml.token_type": types,
            "tokenizer.ggml.merges": self.tokenizer.merges(),
            "tokenizer.ggml.add_bos_token": False,
            "tokenizer.chat_template": CHAT_TEMPLATE,
            **{f"tokenizer.ggml.{key}_token_id": token for key, token in zip(("eos", "eot", "eom"), ends)},
        }
