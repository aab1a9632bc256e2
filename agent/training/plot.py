"""The loss over the steps, and how good explanations were on the way, as a picture that any browser shows."""

from collections.abc import Sequence
from pathlib import Path

from agent.evaluation.run import read_lines

__all__ = ["write_plot"]

WIDTH, HEIGHT, MARGIN = 640, 240, 36
SMOOTH = 0.9  # of the running mean that is drawn over the single steps


def write_plot(steps: Path, judged: Path, target: Path) -> None:
    """Draw the loss of a training run, and the quality at its evaluations.

    Parameters
    ----------
    steps : Path
        A JSON line for each step, with ``step`` and ``loss``; of a step that was done twice, the later one counts.
    judged : Path
        A JSON line for each evaluation, with ``step`` and ``quality`` from 0 to 1; it may be missing.
    target : Path
        The SVG file.
    """
    by_step = {line["step"]: line["loss"] for line in read_lines(steps)}
    losses = [by_step[step] for step in sorted(by_step)]
    smooth, mean = [], losses[0]
    for loss in losses:
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        smooth.append(mean)
    most = max(losses)
    judgements = [(line["step"], line["quality"]) for line in read_lines(judged)]
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="11">'
        f'<text x="{MARGIN}" y="14">loss, {len(losses)} steps; bold: running mean, at last {smooth[-1]:.3f}</text>'
        f'<text x="2" y="{MARGIN}">{most:.2f}</text><text x="2" y="{HEIGHT - MARGIN}">0</text>'
        f'<path d="{_path(losses, most)}" fill="none" stroke="#aac"/>'
        f'<path d="{_path(smooth, most)}" fill="none" stroke="#225" stroke-width="2"/>'
        f"{_points(judgements, max(by_step))}</svg>\n",
        encoding="utf-8",
    )


def _points(judgements: Sequence[tuple[int, float]], steps: int) -> str:
    """Return the evaluations as points with their value, 1 at the top."""
    if not judgements:
        return ""
    across, down = (WIDTH - 2 * MARGIN) / max(1, steps - 1), HEIGHT - 2 * MARGIN
    found = [f'<text x="{WIDTH - MARGIN}" y="14" text-anchor="end" fill="#a30">quality of explanations, 0 to 1</text>']
    for step, quality in judgements:
        x, y = MARGIN + (step - 1) * across, MARGIN + down * (1 - quality)
        found.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#a30"/>'
            f'<text x="{x:.1f}" y="{y - 7:.1f}" fill="#a30" text-anchor="middle">{quality:.2f}</text>'
        )
    return "".join(found)


def _path(values: Sequence[float], most: float) -> str:
    """Return a line through values, from 0 at the bottom.

    Examples
    --------
    >>> _path([1.0, 0.0], 1.0)
    'M36.0,36.0 L604.0,204.0'
    """
    across = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    down = HEIGHT - 2 * MARGIN
    heights = [MARGIN + down * (1 - value / (most or 1)) for value in values]
    return "M" + " L".join(f"{MARGIN + n * across:.1f},{height:.1f}" for n, height in enumerate(heights))
