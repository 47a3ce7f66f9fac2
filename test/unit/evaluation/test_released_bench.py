"""The bench of the released size: refuses before it builds, and measures what it says, here at the smallest size."""

import pytest
import torch

from automot_ros.base.errors import MachineError
from automot_ros.evaluation.released_bench import check_memory, measure, parameters_of, prompt_of
from automot_ros.model.variants import variant


def test_the_released_size_has_the_published_number_of_parameters_and_prompt() -> None:
    # 6,224,778,271 of the checkpoint, less queries that are stored there and not used; counted without building it.
    assert parameters_of(variant("released")) == pytest.approx(6.2248e9, rel=1e-4)
    assert prompt_of(variant("released")).shape == (1, 626)


def test_too_little_memory_is_refused_politely() -> None:
    with pytest.raises(MachineError, match=r"too little memory.*3\.0 GB available.*14\.0 GB"):
        check_memory(14_000_000_000, 3_000_000_000)
    check_memory(14_000_000_000, None)


def test_a_size_is_measured_and_nothing_is_left_changed() -> None:
    threads = torch.get_num_threads()
    found = measure(variant("debug"), "cpu", threads, 2, 3, lambda _: None)
    assert found["ratio"] == pytest.approx((found["prefill_p50_s"] + found["step_p50_s"]) / found["step_p50_s"])
    assert (len(found["prefill_s"]), len(found["step_s"])) == (2, 3)
    assert 0.0 < found["bev_encoder_p50_s"] < found["step_p50_s"]
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(MachineError, match="no GPU"):
        measure(variant("debug"), "cuda", 1, 1, 1, lambda _: None)
