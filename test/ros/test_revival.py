"""Nodes that die come back: later each time, through their lifecycle, and not for ever. No process is started here."""

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState

from automot_ros.nodes.revival import LIVED_S, TRIES, Revival, delay_s
from automot_ros.nodes.stack import NodeDescription

CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE


class Reply:
    def __init__(self, value):
        self.value = value

    def done(self):
        return self.value is not None

    def result(self):
        return self.value


class World:
    """A clock, a supervisor and the services of one node, all at once."""

    def __init__(self):
        self.now = 1000.0
        self.stack = (NodeDescription(name="action", parameters={}),
                      NodeDescription(name="simulator", parameters={}, restart=False))
        self.dead, self.started, self.said, self.changes, self.open_clients = [], [], [], [], 0
        self.state, self.refuses, self.deaf = State.PRIMARY_STATE_UNCONFIGURED, False, False
        self.revival = Revival(self, self, self.said.append, clock=lambda: self.now)

    def newly_dead(self):
        dead, self.dead = self.dead, []
        return dead

    def start_again(self, name):
        self.started.append((name, self.now))
        self.state = State.PRIMARY_STATE_UNCONFIGURED

    def complaint(self, name):
        return f"{name} is dead"

    def create_client(self, kind, service):
        self.open_clients += 1
        return Client(self, kind)

    def destroy_client(self, client):
        self.open_clients -= 1

    def live(self, duration_s, step_s=0.1):
        for _ in range(round(duration_s / step_s)):
            self.now += step_s
            self.revival.poll()


class Client:
    def __init__(self, world, kind):
        self.world, self.kind = world, kind

    def remove_pending_request(self, call):
        pass

    def call_async(self, request):
        world = self.world
        if world.deaf:
            return Reply(None)
        if self.kind is GetState:
            answer = GetState.Response()
            answer.current_state.id = world.state
            return Reply(answer)
        world.changes.append(request.transition.id)
        if not world.refuses:
            world.state = {CONFIGURE: State.PRIMARY_STATE_INACTIVE,
                           ACTIVATE: State.PRIMARY_STATE_ACTIVE}[request.transition.id]
        return Reply(ChangeState.Response(success=not world.refuses))


@pytest.fixture
def world():
    return World()


def test_a_dead_node_is_started_configured_and_activated(world):
    world.dead = ["action"]
    world.revival.poll()
    assert world.revival.busy
    world.live(3.0)
    assert [name for name, _ in world.started] == ["action"]
    assert world.changes == [CONFIGURE, ACTIVATE]
    assert not world.revival.busy
    assert world.open_clients == 0
    assert world.said[0] == "action is dead"


def test_each_start_waits_longer_and_the_last_is_the_last(world):
    for _ in range(TRIES + 1):
        world.dead = ["action"]
        world.live(10.0)
    starts = [at for _, at in world.started]
    assert len(starts) == TRIES
    assert "action" in world.revival.hopeless
    assert [delay_s(n) for n in (1, 2, 3, 4, 5, 6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_who_has_lived_long_begins_with_a_short_wait(world):
    world.dead = ["action"]
    world.live(5.0)
    world.live(LIVED_S + 1.0, 1.0)
    world.dead = ["action"]
    world.revival.poll()
    assert "in 0.5 s (try 1" in world.said[-1]


def test_a_node_that_cannot_be_configured_is_asked_again_and_not_started_again(world):
    world.refuses = True
    world.dead = ["action"]
    world.live(1.5)
    assert len(world.started) == 1
    assert world.changes
    world.refuses = False
    world.live(5.0)
    assert len(world.started) == 1
    assert world.changes[-1] == ACTIVATE
    assert not world.revival.busy


def test_a_call_that_is_lost_is_made_again(world):
    world.deaf = True
    world.dead = ["action"]
    world.live(4.0)
    assert world.changes == []
    world.deaf = False
    world.live(4.0)
    assert world.changes == [CONFIGURE, ACTIVATE]


def test_a_world_that_dies_stays_dead(world):
    world.dead = ["simulator"]
    world.live(5.0)
    assert world.started == []
    assert world.revival.hopeless == {"simulator"}
