"""Things that stand around gates, drawn with lines and letters: hard negatives, back-drops, simple cars, simple plates.

Every function draws into a uint8 RGB array [h,w,3] in place unless it says otherwise. None of the signs is a plate:
words, lower case, several lines, symbols, phone numbers, times.
"""
import string

import cv2
import numpy as np

from scene_light import noise

FONTS = [cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX,
         cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX_SMALL]
WORDS = ("parking private exit entrance stop visitors only taxi sale open closed welcome deliveries reception no entry "
         "caution danger keep clear cctv in operation ring bell hotel cafe pizza garage repair tyres bus school slow "
         "diesel turbo hybrid electric quattro sport limited service police ambulance fire dealer rent motors auto "
         "www.example.com ausfahrt einfahrt privat verboten salida entrada sortie interdit proibido uscita").split()


def colour(rng, low=0, high=255):
    return tuple(int(v) for v in rng.integers(low, high + 1, 3))


def grey(rng, low=0, high=255):
    v = int(rng.integers(low, high + 1))
    return tuple(int(np.clip(v + d, 0, 255)) for d in rng.integers(-8, 9, 3))


def phrase(rng):
    kind = rng.random()
    if kind < 0.15:
        return f"{rng.integers(2015, 2031)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    if kind < 0.3:
        return f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    if kind < 0.4:
        return f"0{rng.integers(100, 999)} {rng.integers(100000, 9999999)}"
    words = " ".join(rng.choice(WORDS, int(rng.integers(1, 4))))
    return words.upper() if rng.random() < 0.5 else words.title() if rng.random() < 0.5 else words


def text(rng, image, x, y, size, ink, words=None):
    """One line of `size` px capital height with its lower left corner at x, y; returns its width in px."""
    font, words = int(rng.choice(FONTS)), words or phrase(rng)
    (w, h), _ = cv2.getTextSize(words, font, 1.0, 1)
    scale = size / max(h, 1)
    cv2.putText(image, words, (int(x), int(y)), font, scale, ink, max(1, int(scale * rng.uniform(0.8, 2.5))), cv2.LINE_AA)
    return w * scale


def timestamp(rng, image):
    """Camera overlay along the upper or lower edge."""
    h, w = image.shape[:2]
    size = rng.uniform(0.02, 0.06) * h + 3
    y = rng.choice([size * 1.6, h - size * 0.8])
    line = f"{rng.integers(2015, 2031)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    if rng.random() < 0.4:
        line = rng.choice(["CAM 01 ", "Channel 4 ", "GATE ", "IPC "]) + line
    x = rng.uniform(0, w * 0.6)
    if rng.random() < 0.3:
        cv2.rectangle(image, (int(x) - 4, int(y - size * 1.4)), (int(x + size * len(line)), int(y + size * 0.5)), grey(rng, 0, 60), -1)
    text(rng, image, x, y, size, (255, 255, 255) if rng.random() < 0.7 else colour(rng, 100, 255), line)


def board(rng, image, x, y, w, h):
    """Sign, sticker or shop front with one to four lines in the rectangle."""
    back = grey(rng, 180, 255) if rng.random() < 0.4 else colour(rng)
    ink = grey(rng, 0, 70) if sum(back) > 380 else grey(rng, 190, 255)
    x1, y1 = int(x + w), int(y + h)
    if rng.random() < 0.85:
        cv2.rectangle(image, (int(x), int(y)), (x1, y1), back, -1)
        if rng.random() < 0.4:
            cv2.rectangle(image, (int(x), int(y)), (x1, y1), ink, max(1, int(h * 0.04)))
    lines = int(rng.integers(1, 5)) if h > 0.35 * w else int(rng.integers(1, 3))
    size = h / lines * rng.uniform(0.4, 0.65)
    patch = image[max(0, int(y)):y1, max(0, int(x)):x1]
    for i in range(lines):
        if patch.size:
            text(rng, patch, rng.uniform(0.02, 0.15) * w, h * (i + 0.8) / lines, size, ink)


def round_sign(rng, image, x, y, r):
    rim = [(200, 20, 20), (20, 60, 180), (250, 250, 250)][int(rng.integers(0, 3))]
    cv2.circle(image, (int(x), int(y)), int(r), rim, -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.circle(image, (int(x), int(y)), int(r * 0.78), (245, 245, 245), -1, cv2.LINE_AA)
        text(rng, image, x - r * 0.55, y + r * 0.3, r * 0.6, (20, 20, 20), str(rng.choice(["5", "10", "30", "50", "P", "3,5t", "2m"])))
    else:
        cv2.rectangle(image, (int(x - r * 0.65), int(y - r * 0.15)), (int(x + r * 0.65), int(y + r * 0.15)), (250, 250, 250), -1)


def barrier(rng, image):
    """A striped gate bar across the picture, with or without a plate-like panel in its middle."""
    h, w = image.shape[:2]
    y0, y1 = rng.uniform(0.1, 0.95, 2) * h if rng.random() < 0.2 else np.full(2, rng.uniform(0.1, 0.95) * h) + rng.normal(0, 0.03, 2) * h
    thick, n = rng.uniform(0.015, 0.08) * h + 1, int(rng.integers(4, 16))
    inks = [(200, 25, 25), (245, 245, 245)] if rng.random() < 0.7 else [colour(rng), grey(rng, 180, 255)]
    if rng.random() < 0.15:
        inks[1] = inks[0]
    slant = rng.uniform(-1, 1) * thick
    for i in range(n):
        a, b = i / n, (i + 1) / n
        pts = np.array([[a * w, y0 + (y1 - y0) * a], [b * w, y0 + (y1 - y0) * b],
                        [b * w + slant, y0 + (y1 - y0) * b + thick], [a * w + slant, y0 + (y1 - y0) * a + thick]], np.int32)
        cv2.fillConvexPoly(image, pts, inks[i % 2], cv2.LINE_AA)
    if rng.random() < 0.3:
        x, r = rng.uniform(0.2, 0.8) * w, thick * rng.uniform(0.8, 2.0)
        round_sign(rng, image, x, y0 + (y1 - y0) * x / w + thick / 2, r)


def bars(rng, image, x, y, w, h):
    """Fence, grille, shutter or gate: parallel bars, one or two directions, inside the rectangle."""
    ink, gap = grey(rng) if rng.random() < 0.7 else colour(rng), rng.uniform(0.02, 0.2) * max(w, h) + 3
    thick = max(1, int(gap * rng.uniform(0.1, 0.6)))
    both, flat = rng.random() < 0.3, rng.random() < 0.5
    if rng.random() < 0.4:
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), grey(rng, 0, 120), -1)
    skew = rng.normal(0, 0.1) * h
    if both or flat:
        for v in np.arange(y, y + h, gap):
            cv2.line(image, (int(x), int(v)), (int(x + w), int(v + skew)), ink, thick, cv2.LINE_AA)
    if both or not flat:
        for v in np.arange(x, x + w, gap):
            cv2.line(image, (int(v), int(y)), (int(v + skew), int(y + h)), ink, thick, cv2.LINE_AA)


def fence(rng, image):
    """Posts and rails running away to a vanishing point, as along a drive."""
    h, w = image.shape[:2]
    vx, vy, side = rng.uniform(0.2, 0.8) * w, rng.uniform(0.2, 0.6) * h, rng.choice([-1, 1])
    ink, start, low, high = grey(rng), rng.uniform(0.3, 1.2) * w, rng.uniform(0.1, 0.8) * h, rng.uniform(-0.6, 0.0) * h
    n = int(rng.integers(8, 40))
    for k in range(n):
        f = 1.0 / (1.0 + k * rng.uniform(0.2, 0.22))
        x = int(vx + side * start * f)
        cv2.line(image, (x, int(vy + low * f)), (x, int(vy + high * f)), ink, max(1, int(0.012 * w * f)), cv2.LINE_AA)
    for v in np.linspace(high, low, int(rng.integers(2, 8))):
        cv2.line(image, (int(vx), int(vy)), (int(vx + side * start), int(vy + v)), ink, 1 + int(rng.random() * 2), cv2.LINE_AA)


def badge(rng, image, x, y, size):
    """Chrome letters or an emblem without a plate behind."""
    if rng.random() < 0.6:
        words = str(rng.choice(["GTI", "TDI", "320d", "V6", "4x4", "XLT", "LE", "C 180", "A4", "Corolla", "Golf", "HYBRID", "2.0 T"]))
        text(rng, image, x, y, size, grey(rng, 120, 255), words)
    else:
        cv2.ellipse(image, (int(x), int(y)), (int(size * 1.5), int(size)), 0, 0, 360, grey(rng, 100, 255), max(1, int(size / 5)), cv2.LINE_AA)


def clutter(rng, image, keep):
    """Draws a few of the above outside the boxes `keep` [n,4] (x0,y0,x1,y1)."""
    h, w = image.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        for _ in range(6):
            bw = np.exp(rng.uniform(np.log(14), np.log(w * 0.6)))
            bh = bw * np.exp(rng.uniform(np.log(0.15), np.log(1.2)))
            x, y = rng.uniform(-0.1 * w, w - bw * 0.7), rng.uniform(0, max(1, h - bh * 0.9))
            if all(x > k[2] + 2 or y > k[3] + 2 or x + bw < k[0] - 2 or y + bh < k[1] - 2 for k in keep):
                break
        else:
            continue
        kind = rng.random()
        if kind < 0.5:
            board(rng, image, x, y, bw, bh)
        elif kind < 0.62:
            round_sign(rng, image, x + bw / 2, y + bh / 2, min(bw, bh) / 2 + 2)
        elif kind < 0.85:
            bars(rng, image, x, y, bw, bh)
        else:
            badge(rng, image, x, y + bh, min(bh, 24) + 3)


def backdrop(rng, h, w):
    """A new picture [h,w,3]: sky, wall or hedge above, road or yard below, some texture."""
    image = np.empty((h, w, 3), np.uint8)
    line = int(rng.uniform(0.2, 0.7) * h)
    for y0, y1, tones in ((0, line, [colour(rng), grey(rng, 100, 255)]), (line, h, [grey(rng, 30, 200), grey(rng, 30, 200)])):
        a, b = (np.array(t, np.float32) for t in tones)
        ramp = np.linspace(0, 1, max(1, y1 - y0), dtype=np.float32)[:, None]
        image[y0:y1] = (a + (b - a) * ramp)[:, None].astype(np.uint8)
    if rng.random() < 0.6:
        k, strength = rng.uniform(1, 5, 2), np.float32(rng.uniform(0.2, 1.2))
        grain = noise(rng, int(h / k[0]), int(w / k[1]))[:, :, :1 + 2 * int(rng.integers(0, 2))].astype(np.float32)
        grain = cv2.resize(grain, (w, h)).reshape(h, w, -1)
        image = np.clip(image + grain * strength, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        fence(rng, image)
    for _ in range(int(rng.integers(0, 7))):
        x, y, bw, bh = rng.uniform(-0.2, 1) * w, rng.uniform(-0.2, 0.9) * h, rng.uniform(0.05, 0.6) * w, rng.uniform(0.05, 0.7) * h
        kind = rng.random()
        if kind < 0.4:
            cv2.rectangle(image, (int(x), int(y)), (int(x + bw), int(y + bh)), colour(rng), -1)
        elif kind < 0.6:
            cv2.ellipse(image, (int(x), int(y)), (int(bw / 2), int(bh / 2)), 0, 0, 360, colour(rng), -1)
        else:
            bars(rng, image, x, y, bw, bh)
    return image


def car(rng, image):
    """A flat car seen from the front or back; returns where its plate goes: centre x, y and width in px."""
    h, w = image.shape[:2]
    cw = np.exp(rng.uniform(np.log(60), np.log(w * 1.6)))
    ch, cx = cw * rng.uniform(0.6, 0.95), rng.uniform(0.1, 0.9) * w
    base = rng.uniform(0.5, 1.15) * h
    body, glass = colour(rng, 0, 255) if rng.random() < 0.6 else grey(rng), grey(rng, 10, 120)

    def poly(points, ink):
        pts = np.array([[cx + px * cw, base - py * ch] for px, py in points], np.float32)
        cv2.fillConvexPoly(image, np.round(pts).astype(np.int32), ink, cv2.LINE_AA)

    dark = tuple(int(v * 0.55) for v in body)
    poly([(-0.48, 0), (-0.36, 0), (-0.36, 0.2), (-0.48, 0.2)], (25, 25, 28))
    poly([(0.48, 0), (0.36, 0), (0.36, 0.2), (0.48, 0.2)], (25, 25, 28))
    poly([(-0.34, 1), (0.34, 1), (0.46, 0.55), (-0.46, 0.55)], body)
    poly([(-0.3, 0.95), (0.3, 0.95), (0.4, 0.6), (-0.4, 0.6)], glass)
    poly([(-0.5, 0.55), (0.5, 0.55), (0.5, 0.1), (-0.5, 0.1)], body)
    poly([(-0.5, 0.25), (0.5, 0.25), (0.48, 0.06), (-0.48, 0.06)], dark if rng.random() < 0.6 else body)
    lamp = (250, 250, 220) if rng.random() < 0.6 else (190, 20, 20)
    for s in (-1, 1):
        poly([(s * 0.47, 0.5), (s * 0.3, 0.48), (s * 0.3, 0.38), (s * 0.47, 0.36)], lamp)
    if rng.random() < 0.7:
        gw = rng.uniform(0.3, 0.55) * cw
        bars(rng, image, cx - gw / 2, base - 0.48 * ch, gw, 0.14 * ch)
    if rng.random() < 0.4:
        badge(rng, image, cx - rng.uniform(-0.3, 0.3) * cw, base - 0.52 * ch, 0.03 * ch + 2)
    return cx + rng.normal(0, 0.02) * cw, base - rng.uniform(0.12, 0.4) * ch, cw * rng.uniform(0.2, 0.34)


def plate(rng):
    """(uint8 RGB [h,w,3], text): a plain plate in Hershey strokes, for when no better renderer is at hand."""
    aspect = rng.choice([4.7, 4.3, 2.0, 3.0, 1.4], p=[0.4, 0.1, 0.35, 0.08, 0.07])
    h = 64 if aspect > 1.5 else 96
    image = np.empty((h, int(h * aspect), 3), np.uint8)
    pick = rng.random()
    back = grey(rng, 215, 255) if pick < 0.6 else (240, 200, 40) if pick < 0.7 else colour(rng)
    ink = grey(rng, 0, 60) if sum(back) > 360 else grey(rng, 200, 255)
    image[:] = back
    chars = "".join(rng.choice(list(string.ascii_uppercase + string.digits), int(rng.integers(5, 9))))
    lines = [chars] if aspect > 1.5 else [chars[:3], chars[3:]]
    left = 0.1 * image.shape[1] if aspect > 4 and rng.random() < 0.6 else 0.0
    if left:
        image[:, :int(left)] = (20, 50, 160)
    for i, line in enumerate(lines):
        font = int(rng.choice(FONTS[:4]))
        (tw, th), _ = cv2.getTextSize(line, font, 1.0, 3)
        s = min((image.shape[1] - left) * 0.9 / tw, h / len(lines) * rng.uniform(0.5, 0.8) / th)
        origin = (int(left + (image.shape[1] - left - tw * s) / 2), int(h * (i + 0.5) / len(lines) + th * s / 2))
        cv2.putText(image, line, origin, font, s, ink, max(2, int(s * rng.uniform(2, 4))), cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.rectangle(image, (1, 1), (image.shape[1] - 2, h - 2), ink, int(rng.integers(1, 4)))
    if aspect == 2.0:
        cv2.putText(image, str(rng.choice(WORDS)).upper(), (int(0.25 * image.shape[1]), 13), FONTS[1], 0.4, colour(rng, 0, 160), 1, cv2.LINE_AA)
    return image, chars
