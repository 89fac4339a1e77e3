"""The conversation as the model learns it."""

from training.tokenizer import IGNORE, Tokenizer


def test_every_target_is_the_token_that_follows():
    tokenizer = Tokenizer.load()
    turns = [("型号是什么?", "H3U-32MR/ES"), ("And the voltage?", "220 V"), ("序列号?", "看不到")]
    ids, targets, spans = tokenizer.conversation(turns, image_tokens=6)
    assert len(ids) == len(targets)
    user = tokenizer.id("<|user|>")
    following = ids[1:] + [user]
    assert all(target in (IGNORE, follow) for target, follow in zip(targets, following))
    for (start, end), (_, answer) in zip(spans, turns):
        assert targets[start:end] == tokenizer.encode(answer) + [user]
        assert ids[start - 1 : start + 1] == [tokenizer.id("<|assistant|>"), tokenizer.id("\n")]
    learned = sum(target != IGNORE for target in targets)
    assert learned == sum(end - start for start, end in spans)
