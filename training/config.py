"""The shape of glm4v-nano."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NanoConfig:
    """Sizes of a small ``Glm4vForConditionalGeneration``.

    Row lengths (hidden sizes, FFN) are multiples of 256 in the text half, so that every matrix quantises to Q4_K.
    transformers ties the vision block's FFN to ``text_hidden`` (``Glm4vVisionConfig.out_hidden_size``), and so do we.
    """

    vocab_size: int
    # text
    text_hidden: int = 512
    text_layers: int = 6
    text_heads: int = 8
    text_kv_heads: int = 2
    text_ffn: int = 1536
    rope_theta: float = 10000.0
    mrope_section: tuple[int, int, int] = (4, 6, 6)  # pairs turned by time, row and column; their sum is a quarter of the head
    max_positions: int = 8192
    rms_eps: float = 1e-5
    # vision
    vision_hidden: int = 384
    vision_layers: int = 8
    vision_heads: int = 6
    merger_ffn: int = 1536
    patch: int = 14
    merge: int = 2
    image_size: int = 336  # side of the learned position grid, px

    @property
    def head_dim(self) -> int:
        return self.text_hidden // self.text_heads

    @property
    def position_grid(self) -> int:
        return self.image_size // self.patch


#: OpenAI CLIP's mean and standard deviation, which every GLM-4V uses.
IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)

#: Most image tokens of one picture, and pixels a token's side.
IMAGE_MAX_TOKENS = 576
TOKEN_PIXELS = 28
