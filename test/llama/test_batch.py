import ctypes

import numpy as np
import pytest

from glm4v_ros.llama.batch import Batch

SIZE, STREAMS = 2, 4


class Embeddings:
    """Of token t: (t, -t)."""

    def rows(self, tokens):
        return np.stack([tokens, -tokens], 1).astype(np.float32)


@pytest.fixture
def batch():
    return Batch(8, STREAMS, 4, SIZE, Embeddings())


def image(count: int):
    return np.full((count, SIZE), 0.5, np.float32), np.arange(STREAMS * count, dtype=np.int32).reshape(STREAMS, count)


def sequences(struct) -> list[set[int]]:
    return [set(struct.seq_id[i][: struct.n_seq_id[i]]) for i in range(struct.n_tokens)]


def test_tokens_alone_go_in_by_number(batch):
    assert batch.add_tokens([5, 6, 7], 10, 2, 1) == 0
    assert batch.add_tokens([9], 4, 3, 1) == 3
    struct = batch.struct()
    assert struct.token[:4] == [5, 6, 7, 9] and not struct.embd
    assert struct.pos[:4] == [10, 11, 12, 4] and struct.logits[:4] == [0, 0, 1, 1]
    assert sequences(struct) == [{2}, {2}, {2}, {3}] and batch.outputs == [(2, 2), (3, 3)]


def test_tokens_beside_an_image_go_in_as_their_embeddings(batch):
    batch.add_tokens([5], 10, 2, 1)
    embeddings, positions = image(3)
    batch.add_embeddings(embeddings, positions, [1, 4])
    batch.add_tokens([8, 9], 20, 4, 1)
    struct = batch.struct()
    assert not struct.token and struct.n_tokens == 6
    assert struct.embd[: 6 * SIZE] == [5, -5, *[0.5] * 6, 8, -8, 9, -9]
    rows = [struct.pos[6 * stream : 6 * stream + 6] for stream in range(STREAMS)]
    for stream, row in enumerate(rows):  # the last one is 0 in text
        assert row == [*([10] if stream < 3 else [0]), *positions[stream].tolist(), *([20, 21] if stream < 3 else [0, 0])]
    assert sequences(struct) == [{2}, {1, 4}, {1, 4}, {1, 4}, {4}, {4}]
    assert struct.logits[:6] == [1, 0, 0, 0, 0, 1]


def test_a_whole_image_is_not_copied(batch):
    embeddings, positions = image(5)
    batch.add_embeddings(embeddings, positions, [0])
    assert ctypes.cast(batch.struct().embd, ctypes.c_void_p).value == embeddings.ctypes.data


def test_without_token_embeddings_images_still_go_together():
    batch = Batch(8, STREAMS, 4, SIZE)
    for seq_id in (0, 1):
        batch.add_embeddings(*image(2), [seq_id])
    assert batch.struct().embd[: 4 * SIZE] == [0.5] * 8


def test_a_batch_can_be_used_again(batch):
    batch.add_embeddings(*image(4), [1, 2])
    batch.struct()
    batch.clear()
    assert (batch.size, batch.room, batch.output_room, batch.outputs, batch.images) == (0, 8, 4, [], 0)
    batch.add_tokens([7, 7, 7], 0, 5, 0)
    struct = batch.struct()
    assert struct.token[:3] == [7, 7, 7] and sequences(struct) == [{5}] * 3
