"""Do two files make a model? Found out from their headers, before llama.cpp could abort or answer nonsense."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.model import IMAGE_TOKENS, Model
from glm4v_ros.errors import ModelFileError

# Projectors whose image positions need a text model with M-RoPE sections. Without them llama.cpp gives every image
# token the next position and says nothing.
MROPE_PROJECTORS = {
    "glm4v", "glm5v", "glm-4v-9b", "qwen2vl_merger", "qwen2.5vl_merger", "qwen3vl_merger",
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """The headers of a text and a vision file that are whole and belong together."""

    text: Gguf
    vision: Gguf

    @classmethod
    def of(cls, model: Model) -> Pair:
        """ModelFileError, saying which file is missing, cut short, of the wrong kind or of another model."""
        text, vision = Gguf.read(model.text_path), Gguf.read(model.vision_path)
        for part in text.parts[1:]:
            Gguf.read(part)
        if text.is_vision and not vision.is_vision:
            raise ModelFileError(f"text and vision file are swapped: {text.path} is the vision file")
        if text.is_vision:
            raise ModelFileError(f"{text.path} is a vision file; the text model is missing")
        if not vision.is_vision:
            raise ModelFileError(f"{vision.path} is a text model ({vision.architecture}), not a vision (mmproj) file")
        if "tokenizer.ggml.tokens" not in text.metadata:
            raise ModelFileError(f"{text.path} has no vocabulary; is it an adapter or a part of a split model?")
        if vision.projector in MROPE_PROJECTORS and not text.has_mrope:
            raise ModelFileError(
                f"{text.path} has no rope.dimension_sections, so the images of {vision.path.name} would get wrong "
                "positions; it was made by an old converter or for another model, fetch or convert it again"
            )
        if vision.embedding_length and text.embedding_length != vision.embedding_length:
            raise ModelFileError(
                f"{text.path.name} reads vectors of {text.embedding_length}, {vision.path.name} makes vectors of "
                f"{vision.embedding_length}: they belong to different models"
            )
        ours, theirs = (gguf.metadata.get("glm4v.model", "") for gguf in (text, vision))
        if ours != theirs:
            named = " and ".join(f"{gguf.path.name} {f'to {name}' if name else 'to another model'}"
                                 for gguf, name in ((text, ours), (vision, theirs)))  # fmt: skip
            raise ModelFileError(f"the files belong to different models: {named}")
        return cls(text, vision)

    def complete(self, model: Model) -> Model:
        """``model`` with what only the files know where it says nothing."""
        own = self.vision.image_max_tokens
        known = {
            "context_tokens": self.text.value(f"{self.text.architecture}.context_length", 0),
            # Trained for no more, it misreads a picture of more; llama.cpp itself makes no more than its own limit.
            "image_max_tokens": own if own < IMAGE_TOKENS else 0,
            "images_per_conversation": self.text.value("glm4v.images_per_conversation", 0),
            "answer_prefix": self.text.value("glm4v.answer_prefix", ""),
        }
        return replace(model, **{name: value for name, value in known.items() if not getattr(model, name)})
