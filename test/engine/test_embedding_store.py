"""The store of image tokens."""

from __future__ import annotations

from types import SimpleNamespace

from glm4v_ros.engine.embedding_store import MOST, EmbeddingStore

KIB = SimpleNamespace(nbytes=1024)


def names(numbers) -> set[str]:
    return {str(number) for number in numbers}


def fill(store: EmbeddingStore, images: int) -> None:
    for number in range(images):
        store.put((str(number), 0), KIB)


def test_the_one_unused_for_longest_goes_when_the_bytes_are_passed():
    store = EmbeddingStore(4 * 1024, lambda identity: False)
    fill(store, 4)
    store.get(("0", 0))
    store.put(("4", 0), KIB)
    assert store.frame_keys == names((0, 2, 3, 4))
    assert store.nbytes == 4 * 1024


def test_small_images_do_not_fill_a_large_limit():
    store = EmbeddingStore(1 << 30, lambda identity: False)
    fill(store, MOST + 7)
    assert store.frame_keys == names(range(7, MOST + 7))


def test_what_is_in_use_stays():
    store = EmbeddingStore(0, lambda identity: identity[0] == "1")
    fill(store, 4)
    assert store.frame_keys == {"1"}
