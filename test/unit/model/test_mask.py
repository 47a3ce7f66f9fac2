"""The block mask: who reads whom."""

import torch

from automot_ros.model.mask import (
    ACTION_BLOCKS,
    action_mask,
    whole_sequence,
    with_context,
    with_padded_context,
    without_decisions,
)
from automot_ros.model.variants import ACTION_TOKENS


def test_there_are_101_action_tokens_in_five_blocks() -> None:
    assert sum(ACTION_BLOCKS) == ACTION_TOKENS == 101
    assert ACTION_BLOCKS == (64, 3, 8, 20, 6)


def test_a_block_reads_itself_and_earlier_blocks_and_no_later_one() -> None:
    mask = action_mask()
    start = 0
    for length in ACTION_BLOCKS:
        end = start + length
        assert mask[start:end, :end].all()
        assert not mask[start:end, end:].any()
        start = end


def test_every_action_token_reads_the_whole_context() -> None:
    assert with_context(7)[:, :7].all()
    assert torch.equal(with_context(7)[:, 7:], action_mask())


def test_padding_of_a_context_is_read_by_nobody() -> None:
    mask = with_padded_context(torch.tensor([[True, True, False], [True, False, False]]))
    assert mask.shape == (2, 1, 101, 104)
    assert not mask[0, 0, :, 2].any()
    assert mask[0, 0, :, :2].all()
    assert not mask[1, 0, :, 1:3].any()
    assert torch.equal(mask[1, 0, :, 3:], action_mask())


def test_understanding_tokens_read_no_action_token_and_nothing_ahead() -> None:
    mask = whole_sequence(5)
    assert torch.equal(mask[:5, :5], torch.ones(5, 5).tril().bool())
    assert not mask[:5, 5:].any()


def test_without_decisions_only_what_stands_behind_them_reads_less() -> None:
    for context in (0, 7):
        whole = with_context(context)
        less = without_decisions(whole)
        decisions = slice(context + 67, context + 75)
        assert torch.equal(less[:75], whole[:75])
        assert not less[75:, decisions].any()
        assert torch.equal(less[75:, : context + 67], whole[75:, : context + 67])
        assert torch.equal(less[75:, context + 75 :], whole[75:, context + 75 :])
