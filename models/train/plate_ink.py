"""How the characters of a drawn plate are laid on: flat paint, embossed, in relief as chrome or gold, outlined, over a shadow, worn."""
import cv2
import numpy as np

from plate_marks import vary

METALS = ((205, 165, 70), (190, 190, 196), (150, 152, 160), (225, 205, 140), (120, 122, 130))


def blend(rng, image, mask, ink):
    """The plate [H, W, 3] with its ink painted through the mask uint8 [H, W] (255 = ink); the way is drawn by `rng`."""
    kind = rng.random()
    if kind < .09:
        return relief(rng, image, mask, ink)
    if kind < .13:
        image = outline(rng, image, mask, ink)
    elif kind < .18:
        image = shadow(rng, image, mask)
    elif kind < .26:
        mask = worn(rng, mask)
    out = paint(image, mask, np.uint8(ink)[None, None])
    return embossed(rng, out, mask) if rng.random() < .4 else out


def paint(image, mask, colours):
    """`colours` (broadcast to [H, W, 3]) over the image where the mask is."""
    part = mask[..., None].astype(np.float32) / 255
    return (image * (1 - part) + colours * part + .5).astype(np.uint8)


def embossed(rng, out, mask):
    """A thin light or dark edge along one side of the characters."""
    dx, dy = int(rng.integers(-1, 2)), (-1, 1)[int(rng.integers(2))]
    edge = cv2.merge([cv2.subtract(np.roll(mask, (dy, dx), (0, 1)), mask)] * 3) // int(rng.integers(3, 9))
    return cv2.add(out, edge) if rng.random() < .5 else cv2.subtract(out, edge)


def relief(rng, image, mask, ink):
    """Characters that stand out: metal with bright and dark rows, or the ink itself, lit from one side, most with a shadow."""
    height = len(mask)
    colour = np.float32(vary(rng, METALS[int(rng.integers(len(METALS)))], 20) if rng.random() < .7 else ink)
    knots = int(rng.integers(2, 7))
    rows = np.interp(np.linspace(0, knots - 1, height), np.arange(knots), np.exp(.35 * rng.normal(size=knots)))
    solid = cv2.GaussianBlur(mask, (0, 0), height * (.008 + .02 * rng.random())).astype(np.float32) / 255
    angle = 6.28 * rng.random()
    slope = np.cos(angle) * cv2.Sobel(solid, cv2.CV_32F, 1, 0) + np.sin(angle) * cv2.Sobel(solid, cv2.CV_32F, 0, 1)
    light = 90 * (.4 + rng.random()) * slope / max(1e-3, float(np.abs(slope).max()))
    if rng.random() < .7:
        image = shadow(rng, image, mask)
    return paint(image, mask, (colour * rows[:, None, None] + light[..., None]).clip(0, 255))


def outline(rng, image, mask, ink):
    """An edge around the characters, darker or lighter than these and the ground."""
    size = 1 + 2 * int(rng.integers(1, max(2, len(mask) // 36 + 1)))
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    edge = (20, 20, 24) if sum(ink) > 380 else (235, 235, 230)
    return paint(image, wide, np.uint8(vary(rng, edge if rng.random() < .6 else image.mean((0, 1)), 40))[None, None])


def shadow(rng, image, mask):
    """The ground darkened beside the characters."""
    height = len(mask)
    moved = np.roll(mask, (rng.normal(0, .03, 2) * height).round().astype(int), (0, 1))
    soft = cv2.GaussianBlur(moved, (0, 0), .4 + height * .02 * rng.random())
    return paint(image, (soft * (.3 + .5 * rng.random())).astype(np.uint8), np.zeros((1, 1, 3)))


def worn(rng, mask):
    """Ink that has come off in patches or all over."""
    height, width = mask.shape
    cells = max(2, int(height / (4 + 20 * rng.random())))
    grain = cv2.resize(rng.random((cells, max(2, cells * width // height))).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    left = np.clip((grain - .15 - .25 * rng.random()) * (2 + 6 * rng.random()), .15 + .5 * rng.random(), 1)
    return (mask * left).astype(np.uint8)
