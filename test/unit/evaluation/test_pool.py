"""Items over processes: all come back, a dying process costs its own item only, and only the second time."""

import math
import operator
from functools import partial

import pytest

from automot_ros.base.errors import ConfigError, MachineError
from automot_ros.base.places import shipped
from automot_ros.evaluation.pool import Lost, Runner

CALL = operator.methodcaller("__call__")


def test_one_worker_is_this_process_and_keeps_the_order():
    assert list(Runner(1).over(lambda x: x * x, [1, 2, 3])) == [(0, 1), (1, 4), (2, 9)]


def test_a_dead_process_is_replaced_its_item_retried_once_and_then_lost(tmp_path):
    mark = str(tmp_path / "was_here")
    dies_once = partial(eval, f"7 if __import__('os').path.exists({mark!r}) else "
                              f"[open({mark!r}, 'w').close(), __import__('os').kill(__import__('os').getpid(), 9)]")
    items = [partial(math.sqrt, 16.0), partial(eval, "__import__('os')._exit(3)"), dies_once, partial(math.sqrt, 25.0)]
    found = dict(Runner(2).over(CALL, items))
    assert found.keys() == {0, 1, 2, 3}
    assert (found[0], found[2], found[3]) == (4.0, 7, 5.0)
    assert isinstance(found[1], Lost)
    assert "exit status 3" in found[1].why


def test_a_refusal_in_a_process_is_raised_here_as_what_it_is():
    with pytest.raises(MachineError, match="no/such/file"):
        list(Runner(2).over(shipped, ["no/such/file"]))


def test_nothing_to_do_starts_nothing_and_no_workers_are_refused():
    assert list(Runner(2).over(CALL, [])) == []
    with pytest.raises(ConfigError, match="--workers"):
        Runner(0)


def test_without_ray_the_error_names_the_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MachineError, match=r"pip install 'automot_ros\[ray\]'"):
        list(Runner(1, "auto").over(CALL, [1]))
