"""What stands between the characters of a plate without being one: seals, inspection stickers, emblems and symbols."""
import cv2
import numpy as np

STICKERS = ((40, 90, 170), (240, 200, 40), (200, 110, 60), (60, 150, 80), (215, 130, 160), (120, 80, 50), (235, 235, 235))
LOUD = (18, .8)   # see `vary`
SEALS = ((205, 208, 212), (180, 182, 186), (235, 235, 238), (150, 152, 158), (90, 90, 95), (190, 60, 50), (60, 130, 80))
# Polygons in a unit square; the hearts after the usual parametric curve.
ANGLES = np.linspace(0, 2 * np.pi, 40, endpoint=False)
HEART = np.stack([.5 + .5 * np.sin(ANGLES) ** 3, .45 - (13 * np.cos(ANGLES) - 5 * np.cos(2 * ANGLES) - 2 * np.cos(3 * ANGLES) - np.cos(4 * ANGLES)) / 30], 1)
STAR = np.stack([.5 + np.where(np.arange(10) % 2, .2, .5) * np.sin(np.arange(10) * np.pi / 5),
                 .5 - np.where(np.arange(10) % 2, .2, .5) * np.cos(np.arange(10) * np.pi / 5)], 1)
HAND = np.array([(.3, 1), (.05, .6), (.12, .52), (.27, .62), (.2, .15), (.31, .12), (.42, .5), (.44, .02), (.55, .02), (.56, .5),
                 (.68, .08), (.79, .12), (.7, .54), (.88, .3), (.97, .36), (.78, .75), (.7, 1)])
BOLT = np.array([(.55, 0), (.15, .55), (.45, .55), (.3, 1), (.85, .4), (.52, .4), (.8, 0)])


def mark(rng, image, x, y, w, h, ink):
    """One of them in a cell of w x h px, h being the height of the characters; drawn into the image."""
    r = rng.random()
    centre = x + w // 2
    if r < .5:
        seals(rng, image, centre, y, w, h)
    elif r < .62:
        colour = vary(rng, STICKERS[int(rng.integers(len(STICKERS)))], *LOUD)
        cv2.circle(image, (centre, y + h // 2), max(2, int(min(w, h) * (.2 + .2 * rng.random()))), colour, -1, cv2.LINE_AA)
    elif r < .72:
        cv2.circle(image, (centre, y + int(h * (.3 + .4 * rng.random()))), max(1, h // 12), (30, 30, 30), -1)
    elif r < .94:
        symbol(rng, image, centre, y, w, h, ink if rng.random() < .6 else vary(rng, (170, 40, 50), *LOUD))
    else:
        cv2.rectangle(image, (x + w // 5, y + h // 4), (x + w - w // 5, y + h - h // 4), vary(rng, SEALS[int(rng.integers(len(SEALS)))], *LOUD), -1)


def seals(rng, image, centre, y, w, h):
    """German seals: an inspection sticker over the office's seal, or only that one; each half as high as a character, or small."""
    large = rng.random() < .65
    radius = lambda: max(2, int(min(h * (.21 + .11 * rng.random()) if large else h * (.13 + .07 * rng.random()), w * .62)))
    if rng.random() < .55:
        disc(rng, image, (centre, y + int(h * (.26 + .04 * rng.normal()))), radius(), STICKERS)
        disc(rng, image, (centre, y + int(h * (.76 + .04 * rng.normal()))), radius(), SEALS)
    else:
        disc(rng, image, (centre, y + int(h * (.25 + .55 * rng.random()))), radius(), SEALS)


def disc(rng, image, at, radius, colours):
    """A round seal: ground, often a rim, a coat of arms, writing around it as a ring of ticks, a hub."""
    ground = vary(rng, colours[int(rng.integers(len(colours)))], *LOUD)
    cv2.circle(image, at, radius, ground, -1, cv2.LINE_AA)
    detail = vary(rng, (60, 60, 64) if sum(ground) > 300 else (225, 225, 225), *LOUD)
    if rng.random() < .5:
        cv2.circle(image, at, radius, detail, max(1, radius // 10), cv2.LINE_AA)
    if rng.random() < .45:
        cv2.circle(image, at, int(radius * .62), detail, 1, cv2.LINE_AA)
    if rng.random() < .5:
        for angle in 2 * np.pi * (np.arange(12) / 12 + rng.random()):
            along = np.array([np.cos(angle), np.sin(angle)])
            a, b = (tuple(int(v) for v in np.add(at, along * radius * k)) for k in (.72, .92))
            cv2.line(image, a, b, detail, max(1, radius // 12), cv2.LINE_AA)
    if rng.random() < .6:
        wide, tall = radius * (.28 + .2 * rng.random()), radius * (.35 + .2 * rng.random())
        shield = np.array([(-1, -1), (1, -1), (1, .2), (0, 1.1), (-1, .2)]) * (wide, tall) + at
        cv2.fillPoly(image, [shield.astype(np.int32)], vary(rng, ((190, 40, 40), (30, 60, 140), (40, 40, 44), (220, 180, 50))[int(rng.integers(4))], *LOUD), cv2.LINE_AA)
    elif rng.random() < .5:
        cv2.circle(image, at, max(1, int(radius * (.15 + .2 * rng.random()))), detail, -1, cv2.LINE_AA)


def symbol(rng, image, centre, y, w, h, colour):
    """A heart, star, hand, paw or bolt, or any polygon as a state's outline, about as high as the characters."""
    size = np.array([min(w * (.8 + .25 * rng.random()), h), h * (.55 + .45 * rng.random())])
    corner = np.array([centre, y + h * (.5 + .1 * rng.normal())]) - size / 2
    kind = int(rng.integers(6))
    if kind == 3:
        for at, radius in (((.5, .68), .27), ((.14, .42), .13), ((.36, .2), .14), ((.64, .2), .14), ((.86, .42), .13)):
            cv2.circle(image, tuple(int(v) for v in corner + np.multiply(at, size)), max(1, int(radius * size.min())), colour, -1, cv2.LINE_AA)
        return
    shape = (HEART, STAR, HAND, None, BOLT, .1 + .8 * rng.random((7, 2)))[kind]
    cv2.fillPoly(image, [(corner + shape * size).astype(np.int32)], colour, cv2.LINE_AA)


def vary(rng, colour, by=22, apart=.4):
    """The colour with noise, uint8 tuple as ints: of deviation `by` in all channels alike, and `apart` times that in each alone."""
    return tuple(int(v) for v in np.clip(np.add(colour, rng.normal(0, by, 3) * apart + rng.normal(0, by)), 4, 250))
