"""The Python face of the four sampling controls, in the order in which they act.

The browser half reports every move; what each stage did is worked out from `model.sampling` and
said here.
"""

import math
from collections.abc import Callable, Mapping
from typing import TypedDict

from model.sampling import Distribution, SamplingSettings
from pages.components.element import element
from pages.components.percent import count, percent, tokens

LOWEST_TEMPERATURE = 0.01
HIGHEST_TEMPERATURE = 10.0
LOWEST_TOP_P = 0.01

PRESETS = (
    ("As the model says", SamplingSettings()),
    ("Always the likeliest", SamplingSettings(temperature=0.0)),
    ("Temperature 0.7", SamplingSettings(temperature=0.7)),
    ("Top-k 40", SamplingSettings(top_k=40)),
    ("Top-p 0.9", SamplingSettings(top_p=0.9)),
    ("Min-p 0.1", SamplingSettings(min_p=0.1)),
)


class Values(TypedDict):
    """Hold the four numbers as the browser sends and gets them."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float


def values(settings: SamplingSettings) -> Values:
    """Return the settings as plain numbers."""
    return {
        "temperature": settings.temperature,
        "top_k": settings.top_k,
        "top_p": settings.top_p,
        "min_p": settings.min_p,
    }


def settings_from(sent: object, vocab_size: int) -> SamplingSettings | None:
    """Read what a browser sent, brought into its ranges; None where it is no set of numbers."""
    if not isinstance(sent, Mapping):
        return None
    numbers = [sent.get(name) for name in ("temperature", "top_k", "top_p", "min_p")]
    if not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
        return None
    heat, top_k, top_p, min_p = (float(number or 0) for number in numbers)
    return SamplingSettings(
        temperature=0.0 if heat < LOWEST_TEMPERATURE else min(heat, HIGHEST_TEMPERATURE),
        top_k=min(max(int(top_k), 0), vocab_size),
        top_p=min(max(top_p, LOWEST_TOP_P), 1.0),
        min_p=min(max(min_p, 0.0), 1.0),
    )


def held_settings(sent: object, vocab_size: int) -> SamplingSettings | None:
    """Return the settings under the visitor's hand; None while no handle is held."""
    is_held = isinstance(sent, Mapping) and sent.get("held") is True
    return settings_from(sent, vocab_size) if is_held else None


def effects(found: Distribution, settings: SamplingSettings) -> tuple[str, str, str, str]:
    """Say what each of the four stages did to this distribution, in the order of the stages."""
    n_all = len(found.logits)
    n_top_k, n_top_p = found.after_top_k.count, found.after_top_p.count
    is_greedy = settings.temperature == 0
    return (
        _temperature_effect(settings.temperature),
        _filter_effect(
            n_all, n_top_k, found.after_top_k.mass, is_off=is_greedy or not settings.top_k
        ),
        _filter_effect(
            n_top_k, n_top_p, found.after_top_p.mass, is_off=is_greedy or settings.top_p == 1
        ),
        _filter_effect(
            n_top_p,
            found.after_min_p.count,
            found.after_min_p.mass,
            is_off=is_greedy or settings.min_p == 0,
        ),
    )


def _temperature_effect(temperature: float) -> str:
    if temperature == 0:
        return "no division by 0: the largest logit alone stays"
    if temperature == 1:
        return "÷ 1: every logit as the model gave it"
    way = "the likely ones gain" if temperature < 1 else "the unlikely ones gain"
    return f"every logit ÷ {temperature:g}: {way}, the order stays"


def _filter_effect(n_before: int, n_after: int, mass: float, *, is_off: bool) -> str:
    if is_off:
        return f"off: {tokens(n_before)} in, {count(n_before)} out"
    share = percent(mass, is_exact=n_before == n_after and mass == 1.0)
    return f"{tokens(n_before)} in, {count(n_after)} out: {share} of the probability is left"


def sampling_controls(
    found: Distribution,
    settings: SamplingSettings,
    *,
    key: str,
    on_values: Callable[[], None],
) -> None:
    """Draw the four controls; every move sends `values` (see `settings_from`, `held_settings`).

    Args:
        found: The distribution these settings give, for the line under each control.
        settings: What the handles show.
        key: The element's key.
        on_values: Called, before the run, at each move and at the release.
    """
    element("sampling")(
        key=key,
        data={
            "values": values(settings),
            "vocab_size": len(found.logits),
            "effects": effects(found, settings),
            "presets": [
                {"label": label, "values": values(preset), "is_on": preset == settings}
                for label, preset in PRESETS
            ],
        },
        on_values_change=on_values,
    )
