"""What cameras, weather and compression do to a picture: fast photometric damage of uint8 RGB arrays [h,w,3]."""
import cv2
import numpy as np

NOISE_SIDE = 1024
_noise = None


def noise(rng, h, w):
    """Gaussian noise int16 [h,w,3] of deviation 16, cut at random from one big tile (making it afresh is slow)."""
    global _noise
    if _noise is None:
        _noise = np.random.default_rng(7).normal(0, 16, (NOISE_SIDE, NOISE_SIDE, 3)).astype(np.int16)
    y, x = int(rng.integers(0, NOISE_SIDE - h + 1)), int(rng.integers(0, NOISE_SIDE - w + 1))
    return _noise[y:y + h, x:x + w]


def add_noise(rng, image, sigma, mono=False):
    n = noise(rng, *image.shape[:2])
    if mono:
        n = n[:, :, :1]
    return np.clip(image + (n * np.float32(sigma / 16.0)).astype(np.int16), 0, 255).astype(np.uint8)


def motion_blur(image, length, angle):
    """Blur along a line of `length` px at `angle` degrees."""
    k = int(length) | 1
    kernel = np.zeros((k, k), np.float32)
    kernel[k // 2] = 1.0
    turn = cv2.getRotationMatrix2D((k / 2 - 0.5, k / 2 - 0.5), angle, 1.0)
    kernel = cv2.warpAffine(kernel, turn, (k, k))
    return cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1e-6), borderType=cv2.BORDER_REPLICATE)


def jpeg(image, quality):
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def tone(rng, image, strength=1.0):
    """Contrast, brightness, gamma and white balance through one table per channel."""
    x = np.linspace(0, 1, 256, dtype=np.float32)
    gamma, contrast = np.exp(rng.normal(0, 0.3) * strength), 1 + rng.normal(0, 0.2) * strength
    shift, out = rng.normal(0, 0.08) * strength, []
    for _ in range(3):
        y = (x ** (gamma * np.exp(rng.normal(0, 0.06) * strength)) - 0.5) * contrast + 0.5 + shift
        out.append(np.clip(y * np.exp(rng.normal(0, 0.05) * strength) * 255, 0, 255).astype(np.uint8))
    return cv2.LUT(image, np.stack(out, 1)[:, None].reshape(1, 256, 3))


def glare(rng, image, spots):
    """Adds `spots` soft lamps, brightest in their middle."""
    h, w = image.shape[:2]
    small = np.zeros((h // 8 + 1, w // 8 + 1, 3), np.float32)
    yy, xx = np.mgrid[:small.shape[0], :small.shape[1]].astype(np.float32)
    for _ in range(spots):
        cx, cy = rng.uniform(0, small.shape[1]), rng.uniform(0, small.shape[0])
        r = np.exp(rng.uniform(np.log(0.8), np.log(5.0)))
        lamp = np.minimum(255, rng.uniform(100, 350) * np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * r * r)))
        small += lamp[:, :, None] * rng.uniform(0.7, 1.0, 3).astype(np.float32)
    return cv2.add(image, np.clip(cv2.resize(small, (w, h)), 0, 255).astype(np.uint8))


def night(rng, image):
    """Dark, flat, noisy; lamps here and there."""
    x = np.linspace(0, 1, 256)
    table = np.clip(255 * x ** rng.uniform(1.0, 1.8) * rng.uniform(0.15, 0.6) + rng.uniform(0, 12), 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table)
    image = glare(rng, image, int(rng.integers(0, 4)))
    return add_noise(rng, image, rng.uniform(2, 14), rng.random() < 0.3)


def infrared(rng, image):
    """Grey with the camera's own light: brighter in the middle, dark around."""
    g = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    h, w = g.shape
    yy, xx = np.mgrid[:h // 8 + 1, :w // 8 + 1].astype(np.float32)
    cx, cy = rng.uniform(0.2, 0.8) * xx.shape[1], rng.uniform(0.3, 0.8) * xx.shape[0]
    fall = np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * (rng.uniform(0.3, 1.0) * xx.shape[1]) ** 2))
    fall = cv2.resize(rng.uniform(0.2, 0.6) + fall * rng.uniform(0.3, 1.0), (w, h))
    return cv2.merge([np.clip(g * fall, 0, 255).astype(np.uint8)] * 3)


def degrade(rng, image):
    """The whole chain, each link by chance; a third of the pictures stays nearly as it is (easy ones first and always)."""
    if rng.random() < 0.33:
        return tone(rng, image, 0.3) if rng.random() < 0.5 else image
    kind = rng.random()
    if kind < 0.12:
        image = infrared(rng, image)
    elif kind < 0.22:
        image = cv2.merge([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)] * 3)
    if rng.random() < 0.75:
        image = tone(rng, image)
    if rng.random() < 0.12:
        image = night(rng, image)
    elif rng.random() < 0.06:
        image = glare(rng, image, int(rng.integers(1, 4)))
    if rng.random() < 0.04:
        fog = rng.uniform(0.2, 0.65)
        image = cv2.addWeighted(image, 1 - fog, np.full_like(image, rng.uniform(120, 220)), fog, 0)
    blur = rng.random()
    if blur < 0.12:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.8))
    elif blur < 0.22:
        image = motion_blur(image, rng.uniform(3, 10), rng.choice([0, 90, rng.uniform(0, 180)]))
    elif blur < 0.32:
        h, w = image.shape[:2]
        f = rng.uniform(0.4, 0.8)
        image = cv2.resize(image, (int(w * f), int(h * f)), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (w, h), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST], p=[0.5, 0.4, 0.1])))
    elif blur < 0.42:
        image = cv2.addWeighted(image, 1.8, cv2.GaussianBlur(image, (0, 0), 1.2), -0.8, 0)
    if rng.random() < 0.3:
        image = add_noise(rng, image, rng.uniform(1, 14), rng.random() < 0.3)
    if rng.random() < 0.5:
        image = jpeg(image, rng.uniform(25, 90))
    return image
