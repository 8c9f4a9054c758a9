"""What camera, light and compression do to a plate crop: functions on small RGB uint8 pictures.

The order follows the light: ink grown or shrunk, shading and glare, motion and focus blur, exposure, sensor noise, compression.
"""
import cv2
import numpy as np


def degrade(image, rng, strength):
    """The picture [h, w, 3] after random light, blur, noise and JPEG; `strength` 0 (nearly none) to 1 (bad night)."""
    u = rng.random
    if u() < .12 and image.shape[0] > 22:
        image = (cv2.dilate if u() < .5 else cv2.erode)(image, np.ones((2, 2) if u() < .6 else (1, 2), np.uint8))
    if u() < .2 + .3 * strength:
        image = shade(image, rng, strength)
    if u() < .06 + .1 * strength:
        image = glare(image, rng)
    if u() < .04 + .1 * strength:
        image = bloom(image, rng)
    if u() < .1 + .35 * strength:
        image = motion_blur(image, 1 + image.shape[0] * (.04 + .36 * strength * u()) * u(), 180 * u() if u() < .3 else 12 * rng.normal())
    if u() < .25 + .3 * strength:
        image = focus_blur(image, .3 + image.shape[0] * .035 * strength * u())
    if u() < .8:
        image = expose(image, 1 + .35 * rng.normal() * (.4 + strength), 28 * rng.normal() * (.4 + strength), np.exp(.35 * rng.normal() * (.4 + strength)))
    if u() < .04:
        image = 255 - image
    if u() < .07 + .12 * strength:
        image = infrared(image, rng)
    elif u() < .3:
        image = cast(image, rng)
    if u() < .5:
        image = noise(image, rng, (2 + 16 * strength) * u() ** 1.5)
    if u() < .55:
        image = jpeg(image, int(95 - (20 + 45 * strength) * u()))
    return image


def warp(image, rng, amount):
    """Columns and rows stretched unevenly, slanted and waved: characters of other widths and shapes; the edges stay where they are.

    `amount` 0 (nothing) to 1 (strong). In the spirit of Luo et al. 2020, arXiv:2003.06606.
    """
    h, w = image.shape[:2]
    x = uneven(w, int(rng.integers(4, 12)), .5 * amount, rng)
    y = uneven(h, int(rng.integers(2, 5)), .25 * amount, rng)
    wave = .05 * amount * h * rng.normal() * np.sin(6.28 * (rng.random() + (.4 + rng.random()) * x / w))
    slant = .12 * amount * rng.normal() * (y - h / 2)
    return cv2.remap(image, x[None] + slant[:, None].astype(np.float32), y[:, None] + wave[None].astype(np.float32),
                     cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def uneven(size, pieces, amount, rng):
    """Source positions float32 [size] of an axis cut into pieces that are stretched each by its own random factor."""
    steps = np.exp(amount * rng.normal(size=pieces).clip(-1.5, 1.5))
    knots = np.concatenate([[0], np.cumsum(steps)]) / steps.sum() * (size - 1)
    return np.interp(np.linspace(0, pieces, size), np.arange(pieces + 1), knots).astype(np.float32)


def motion_blur(image, length, angle):
    """Blur along a line of `length` px at `angle` degrees from horizontal."""
    size = int(length) | 1
    if size < 3:
        return cv2.blur(image, (2, 1)) if length > 1.5 else image
    kernel = np.zeros((size, size), np.float32)
    c, a = size // 2, np.deg2rad(angle)
    dx, dy = np.cos(a) * c, np.sin(a) * c
    cv2.line(kernel, (round(c - dx), round(c - dy)), (round(c + dx), round(c + dy)), 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def focus_blur(image, sigma):
    """Gaussian blur, sigma in px."""
    return cv2.GaussianBlur(image, (0, 0), max(sigma, .2), borderType=cv2.BORDER_REPLICATE)


def expose(image, contrast, brightness, gamma):
    """Gamma, then contrast about mid grey, then brightness in grey levels."""
    x = np.linspace(0, 1, 256) ** gamma
    table = np.clip((x - .5) * 255 * max(contrast, .15) + 127.5 + brightness, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)


def night(image, level):
    """Light reduced to `level` (0 to 1) of the picture's, grey levels kept 8 bit."""
    return cv2.convertScaleAbs(image, alpha=level)


def shade(image, rng, strength):
    """A shadow: a linear gradient or a hard edge across the picture."""
    h, w = image.shape[:2]
    a = rng.random() * 6.28
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    t = np.cos(a) * (x / w - rng.random()) + np.sin(a) * (y / h - rng.random())
    t = 1 / (1 + np.exp(-t * (3 if rng.random() < .6 else 40)))
    return (image * (1 - (.25 + .5 * strength) * rng.random() * t)[..., None]).astype(np.uint8)


def glare(image, rng):
    """A bright soft spot, as from the sun or a flash."""
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    d = ((x / w - rng.random()) / (.05 + .3 * rng.random())) ** 2 + ((y / h - rng.random()) / (.1 + .5 * rng.random())) ** 2
    return np.clip(image + (60 + 180 * rng.random()) * np.exp(-d)[..., None], 0, 255).astype(np.uint8)


def bloom(image, rng):
    """A plate lit by the camera's own lamp or by headlights: its light runs over the picture, coloured and out of focus."""
    h = image.shape[0]
    wide = cv2.GaussianBlur(image, (0, 0), h * (.1 + .5 * rng.random()), borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    colour = 1 + (.35 * rng.normal(size=3) if rng.random() < .6 else 0)
    share = .25 + .5 * rng.random()
    mixed = (image * (1 - share) + wide * share) * colour * (.8 + .8 * rng.random())
    return focus_blur(np.clip(mixed, 0, 255).astype(np.uint8), .2 + h * .06 * rng.random())


def infrared(image, rng):
    """Grey picture of an infrared camera: one random mix of the colours."""
    weights = rng.dirichlet((2, 2, 2)).astype(np.float32)
    return cv2.merge([cv2.transform(image, weights[None])] * 3)


def cast(image, rng):
    """A colour cast."""
    gains = 1 + .15 * rng.normal(size=3)
    return np.clip(image * gains, 0, 255).astype(np.uint8)


def noise(image, rng, sigma):
    """Gaussian noise in grey levels, for some with coarse colour grain."""
    grain = rng.standard_normal(image.shape, np.float32) if rng.random() < .5 else rng.standard_normal(image.shape[:2] + (1,), np.float32)
    return np.clip(image + sigma * grain, 0, 255).astype(np.uint8)


def jpeg(image, quality):
    """JPEG compressed and decoded again."""
    return cv2.imdecode(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1], cv2.IMREAD_COLOR)
