"""What this machine's processor and installation offer."""

from importlib.util import find_spec
from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")


def computes_in_bfloat16(described: Path = _PROCESSOR) -> bool:
    """Whether the processor has AMX with bfloat16 tiles; False where the system does not say."""
    try:
        lines = described.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any("amx_bf16" in line.split() for line in lines if line.startswith("flags"))


def has_openvino() -> bool:
    """Whether OpenVINO is installed; it is not loaded by asking."""
    return find_spec("openvino") is not None
