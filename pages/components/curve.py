"""Lines over training steps, drawn on canvas as they grow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pages.components.element import element


@dataclass(frozen=True)
class Line:
    """Hold one curve.

    Args:
        id: Tells the curves of one chart apart.
        name: On the legend.
        role: A colour of the palette.
        kind: "smoothed" draws single steps faintly below their running mean.
        x: Steps.
        y: Values; what is not finite is left out.
    """

    id: str
    name: str
    role: str
    kind: Literal["smoothed", "points", "plain"]
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Level:
    """Hold one dashed level line."""

    name: str
    role: str
    value: float


def curve(
    lines: Sequence[Line],
    *,
    key: str,
    name: str,
    unit: str,
    levels: Sequence[Level] = (),
    height: int,
) -> None:
    """Draw curves over steps.

    Args:
        lines: At most a few thousand points together.
        key: Of the element.
        name: Of the files that are saved.
        unit: Of the values, as the saved numbers name it.
        levels: Values to compare with.
        height: In CSS pixels.
    """
    arrays = {}
    for line in lines:
        arrays[f"{line.id}_x"] = np.asarray(line.x, np.float32)
        arrays[f"{line.id}_y"] = np.asarray(line.y, np.float32)
    last = "  ·  ".join(f"{line.name} {line.y[-1]:.4g}" for line in lines if len(line.y))
    element("curve", "canvas")(
        key=key,
        data={
            "name": name,
            "unit": unit,
            "height": height,
            "last": last,
            "summary": f"{name}, {unit} over training steps. {last}",
            "lines": [
                {"id": line.id, "name": line.name, "role": line.role, "kind": line.kind}
                for line in lines
            ],
            "levels": [
                {"name": level.name, "role": level.role, "value": level.value} for level in levels
            ],
            **{name: array for name, array in arrays.items() if len(array)},
        },
    )
