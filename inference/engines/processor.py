"""What this machine's processor and installation offer."""

from importlib.util import find_spec
from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")


def has_tiles(described: Path = _PROCESSOR) -> bool:
    """Whether the processor has AMX with bfloat16 tiles; False where the system does not say."""
    return "amx_bf16" in _flags(described)


def computes_in_bfloat16(described: Path = _PROCESSOR) -> bool:
    """Whether the processor multiplies bfloat16 and adds up in float32, by tiles (AMX) or by AVX-512; False likewise.

    Others would only store in bfloat16 and compute in float32, which loses digits and no time.
    """
    return bool({"amx_bf16", "avx512_bf16"} & _flags(described))


def has_openvino() -> bool:
    """Whether OpenVINO is installed; it is not loaded by asking."""
    return find_spec("openvino") is not None


def _flags(described: Path) -> set[str]:
    try:
        lines = described.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
