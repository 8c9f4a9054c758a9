"""Keeps models/manifest.json: one entry per model; each trainer touches its own only.

    python3 manifest.py detector date=2026-11-23 threshold=0.3 'scores={"valRecall50": 0.99}'
"""
import fcntl
import hashlib
import json
import os
import sys

MODELS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
PATH = os.path.join(MODELS, "manifest.json")


def update(key, facts):
    """Merges `facts` into the entry `key`; safe against other writers, which wait."""
    with open(os.path.join(MODELS, "train", "manifest.py")) as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        entries = {}
        if os.path.exists(PATH):
            with open(PATH) as f:
                entries = json.load(f)
        entries[key] = {**entries.get(key, {}), **facts}
        with open(PATH + ".new", "w") as f:
            json.dump(dict(sorted(entries.items())), f, indent=2, ensure_ascii=False)
            f.write("\n")
        os.replace(PATH + ".new", PATH)


def sha256(name):
    """Hex digest of a file in models/."""
    with open(os.path.join(MODELS, name), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def value(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


if __name__ == "__main__":
    update(sys.argv[1], {k: value(v) for k, v in (pair.split("=", 1) for pair in sys.argv[2:])})
