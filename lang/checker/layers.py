"""The shapes of convolution and pooling."""

from __future__ import annotations

from lang.checker.failing import Failed
from lang.checker.infer import describe, show_shape
from lang.problems.shapes import InnerSizes, WrongRank
from lang.source import Span
from lang.typed import Number, Window

Shape = tuple[int, ...]


def convolved(image: Number, kernel: Number, window: Window, span: Span) -> Shape:
    """(H, W) by (K, L) or (O, K, L), and (C, H, W) by (O, C, K, L), by the window's steps.

    The result has the axes (H - K + 1, W - L + 1), with steps of 1 and nothing around, after an axis of O where the
    kernel has one.
    """
    ranks = (len(image.shape), len(kernel.shape))
    if ranks not in ((2, 2), (2, 3), (3, 4)):
        raise Failed(
            WrongRank(
                span=span,
                op="conv2d",
                shape=f"{show_shape(image.shape)} by {show_shape(kernel.shape)}",
                wanted="an image [H, W] or [C, H, W]",
                hint="kernels are [K, L] or [O, K, L] for one channel, [O, C, K, L] for several",
            )
        )
    if ranks == (3, 4) and image.shape[0] != kernel.shape[1]:
        raise Failed(
            InnerSizes(
                span=span,
                op="conv2d",
                left=show_shape(image.shape),
                right=show_shape(kernel.shape),
                first=image.shape[0],
                second=kernel.shape[1],
                hint="the channels must agree",
            )
        )
    height, width = (_steps(i, k, window) for i, k in zip(image.shape[-2:], kernel.shape[-2:], strict=True))
    if height < 1 or width < 1:
        raise Failed(
            WrongRank(
                span=span,
                op="conv2d",
                shape=f"{show_shape(image.shape)} by {show_shape(kernel.shape)}",
                wanted="an image at least as large as the kernel",
            )
        )
    return (*kernel.shape[:-2][:1], height, width)


def _steps(length: int, side: int, window: Window) -> int:
    """How many windows of that side fit; what is left at the end does not count."""
    return (length + 2 * window.padding - side) // window.stride + 1


def pooled(op: str, image: Number, side: int, window: Window, span: Span) -> Shape:
    """The last two axes by the window's steps; where these are `side` without padding, each must be a multiple."""
    plain = window == Window(side)
    if len(image.shape) >= 2 and side >= 1 and 2 * window.padding <= side and not plain:
        height, width = (_steps(axis, side, window) for axis in image.shape[-2:])
        if height >= 1 and width >= 1:
            return (*image.shape[:-2], height, width)
    if len(image.shape) < 2 or side < 1 or not plain or any(axis % side for axis in image.shape[-2:]):
        raise Failed(WrongRank(span=span, op=op, shape=describe(image), wanted=_wanted(side, plain)))
    return (*image.shape[:-2], image.shape[-2] // side, image.shape[-1] // side)


def _wanted(side: int, plain: bool) -> str:
    if plain:
        return f"an image whose last two axes are multiples of {side}"
    return f"an image of at least one square of {side}, and `padding` of at most half of it"
