"""The roads a text has taken from one prompt: a tree of tokens, drawn or chosen. Pure values.

The root is the prompt's tokens; every other node is one token more. Undoing goes back to a node's
parent and forgets nothing, so that another road can be taken and the first one found again.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

ROOT = 0
# A tree of more nodes forgets all roads but the one it is on.
MOST_NODES = 2000


class Step(NamedTuple):
    """Say how one token joined the text.

    Args:
        id: The token.
        share: Its probability under the settings it was drawn with, 0 to 1; None where it stood
            in the visitor's text.
        u: The random number that picked it; None where the visitor wrote or chose it.
    """

    id: int
    share: float | None
    u: float | None = None


@dataclass(frozen=True)
class Node:
    """Hold one step and the node before it."""

    step: Step
    parent: int


@dataclass(frozen=True)
class Roads:
    """Hold a prompt, all roads from it, and where the text is now.

    Args:
        prompt: The ids at the root, without the start token.
        nodes: Every step taken; node `i + 1` is `nodes[i]`, 0 is the prompt itself.
        here: The node whose text is the current one.
    """

    prompt: tuple[int, ...]
    nodes: tuple[Node, ...] = ()
    here: int = ROOT

    def path(self, node: int | None = None) -> tuple[int, ...]:
        """Return the nodes from the first step to `node` (default: here), without the root."""
        found = []
        at = self.here if node is None else node
        while at != ROOT:
            found.append(at)
            at = self.nodes[at - 1].parent
        return tuple(reversed(found))

    def steps(self, node: int | None = None) -> tuple[Step, ...]:
        """Return the steps that lead to `node` (default: here)."""
        return tuple(self.nodes[at - 1].step for at in self.path(node))

    def ids(self, node: int | None = None) -> tuple[int, ...]:
        """Return the whole text at `node` (default: here)."""
        return self.prompt + tuple(step.id for step in self.steps(node))

    def child(self, token_id: int) -> int | None:
        """Return the node that continues from here with this token, if that was taken before."""
        return next(
            (
                index + 1
                for index, node in enumerate(self.nodes)
                if node.parent == self.here and node.step.id == token_id
            ),
            None,
        )

    def take(self, step: Step) -> "Roads":
        """Return the roads one token further; a token taken from here before is taken up again."""
        known = self.child(step.id)
        if known is not None:
            nodes = list(self.nodes)
            nodes[known - 1] = replace(nodes[known - 1], step=step)
            return replace(self, nodes=tuple(nodes), here=known)
        roads = self if len(self.nodes) < MOST_NODES else self._only_this_one()
        nodes = (*roads.nodes, Node(step, roads.here))
        return replace(roads, nodes=nodes, here=len(nodes))

    def _only_this_one(self) -> "Roads":
        steps = self.steps()[-MOST_NODES // 2 :]
        kept = Roads(self.ids()[: len(self.ids()) - len(steps)])
        nodes = tuple(Node(step, index) for index, step in enumerate(steps))
        return replace(kept, nodes=nodes, here=len(nodes))

    def back(self) -> "Roads":
        """Return the roads one token back; the prompt stays where it is."""
        return self if self.here == ROOT else self.go(self.nodes[self.here - 1].parent)

    def go(self, node: int) -> "Roads":
        """Return the roads with the text at another node.

        Raises:
            ValueError: There is no such node.
        """
        if not 0 <= node <= len(self.nodes):
            raise ValueError(f"node={node} is not one of {len(self.nodes) + 1}")
        return replace(self, here=node)

    def cut_to(self, n_tokens: int) -> "Roads":
        """Return the roads with the text cut to its first `n_tokens`; nothing is forgotten.

        Where the cut lies within the prompt, the rest of the prompt becomes a road like others.
        """
        n_prompt = len(self.prompt)
        if n_tokens >= n_prompt:
            path = (ROOT, *self.path())
            return self.go(path[min(n_tokens - n_prompt, len(path) - 1)])
        rest = self.prompt[n_tokens:]
        chain = tuple(Node(Step(token_id, None), index) for index, token_id in enumerate(rest))
        moved = tuple(Node(node.step, node.parent + len(rest)) for node in self.nodes)
        return Roads(self.prompt[:n_tokens], chain + moved)

    def ends(self) -> tuple[int, ...]:
        """Return the last node of every road, in the order in which the roads were first taken."""
        parents = {node.parent for node in self.nodes}
        return tuple(index for index in range(1, len(self.nodes) + 1) if index not in parents)


def following(roads: Roads | None, ids: tuple[int, ...]) -> Roads:
    """Return the roads with the text `ids`: the known ones if it lies on them, else fresh ones."""
    if roads is None or roads.ids() == ids:
        return roads or Roads(ids)
    if ids[: len(roads.prompt)] == roads.prompt:
        for node in range(len(roads.nodes) + 1):
            if roads.ids(node) == ids:
                return roads.go(node)
    return Roads(ids)
