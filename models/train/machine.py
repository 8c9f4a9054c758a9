"""What this machine's processor is good at."""
import torch


def fast_bf16():
    """True where bfloat16 is computed in hardware; elsewhere PyTorch emulates it, some 15 times slower than float32."""
    if torch.cuda.is_available():
        return True
    try:
        with open("/proc/cpuinfo", encoding="utf8") as file:
            flags = next((line for line in file if line.startswith(("flags", "Features"))), "").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags or "bf16" in flags
