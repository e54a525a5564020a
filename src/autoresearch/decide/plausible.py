"""Whether a candidate's run can be believed: its value, its duration, and how far it jumps."""

from __future__ import annotations

from autoresearch.limits import Bounds
from autoresearch.model import Metric


def implausible(bounds: Bounds, metric: Metric, value: float, duration_s: float, over: float | None) -> str | None:
    """Why a run of a candidate cannot be believed, or None. `over` is the incumbent's value, None for none."""
    return (
        _value(bounds, metric, value)
        or _duration(bounds, duration_s)
        or (None if over is None else _step(bounds, metric.gain(value, over)))
    )


def _value(bounds: Bounds, metric: Metric, value: float) -> str | None:
    low, high = bounds.metric
    if low is not None and value < low:
        return f"{metric.name} {value:.10g} is below {low:.10g}"
    if high is not None and value > high:
        return f"{metric.name} {value:.10g} is above {high:.10g}"
    return None


def _duration(bounds: Bounds, duration_s: float) -> str | None:
    low, high = bounds.duration_s
    took = f"the run took {round(duration_s, 3):.10g} s"
    if low is not None and duration_s < low:
        return f"{took}, less than {low:.10g} s"
    if high is not None and duration_s > high:
        return f"{took}, more than {high:.10g} s"
    return None


def _step(bounds: Bounds, gain: float | None) -> str | None:
    """A gain that has no ratio, over an incumbent of zero, is no step either."""
    # Rounded, as in floats 1.1 is better than 1 by more than 10 %.
    if bounds.step is None or gain is None or round(gain, 9) <= round(bounds.step, 9):
        return None
    return f"better by {float(f'{gain * 100:.4g}'):.10g} %, more than {bounds.step * 100:.10g} % in one step"
