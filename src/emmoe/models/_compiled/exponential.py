"""What the compiled kernels share: how they are compiled, and an exponential for vector lanes.

Element-wise code allows only fused multiply-adds: reordering would break `decay`. Sums may be
reordered, to use vector lanes. Results depend on the processor's vector width, not on its cores.
"""

import hashlib
import math
import os
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

FOLDER = Path(__file__).parent


def _cache_folder() -> str:
    """Return where to keep compiled code: a folder for each state of these files, since numba looks
    at a function's own file alone; numba's own choice if this one cannot be written."""
    sources = b"".join(path.read_bytes() for path in sorted(FOLDER.glob("*.py")))
    folder = FOLDER / "__pycache__" / hashlib.sha256(sources).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return numba.config.CACHE_DIR
    return str(folder) if os.access(folder, os.W_OK) else numba.config.CACHE_DIR


numba.config.CACHE_DIR = _cache_folder()

elementwise = njit(cache=True, error_model="numpy", fastmath={"contract"})
summed = njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
plain = njit(cache=True, error_model="numpy")

LOG2_E = math.log2(math.e)
# log(2) in two parts, the first with zeros in its last digits: k times it is exact.
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
ROUND = 1.5 * 2.0**52  # adding it rounds to an integer, which then stands in the lowest bits
LOWEST = -708.0  # exp of less is not a normal number
LOG2_E_32, ROUND_32, LOWEST_32 = np.float32(LOG2_E), np.float32(1.5 * 2**23), np.float32(-87.0)
LN2_HIGH_32, LN2_LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
TAYLOR_32 = tuple(np.float32(1 / math.factorial(k)) for k in range(8))


def _bitcast(source: types.Type, target: types.Type, kind: ir.Type):
    """Return an intrinsic that reads the bits of one type as another."""

    @intrinsic
    def cast(typing_context, value):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], kind)

        return target(source), generate

    return cast


_bits = _bitcast(types.float64, types.int64, ir.IntType(64))
_float = _bitcast(types.int64, types.float64, ir.DoubleType())
_bits_32 = _bitcast(types.float32, types.int32, ir.IntType(32))
_float_32 = _bitcast(types.int32, types.float32, ir.FloatType())


def decay(v):
    """Return exp(-|v|) to about one unit in the last place, in float64 or float32.

    For compiled code alone. Taylor's series on |r| <= log(2)/2, which runs in vector lanes, as the
    library's does not."""
    raise NotImplementedError


def _decay_64(v):
    x = max(-abs(v), LOWEST)
    shifted = x * LOG2_E + ROUND
    k = shifted - ROUND
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _float((_bits(shifted) + 1023) << 52)


def _decay_32(v):
    x = max(-abs(v), LOWEST_32)
    shifted = x * LOG2_E_32 + ROUND_32
    k = shifted - ROUND_32
    r = (x - k * LN2_HIGH_32) - k * LN2_LOW_32
    p = TAYLOR_32[7]
    p = p * r + TAYLOR_32[6]
    p = p * r + TAYLOR_32[5]
    p = p * r + TAYLOR_32[4]
    p = p * r + TAYLOR_32[3]
    p = p * r + TAYLOR_32[2]
    p = p * r + TAYLOR_32[1]
    p = p * r + TAYLOR_32[0]
    return p * _float_32(types.int32(types.int32(_bits_32(shifted) + 127) << 23))


@overload(decay, jit_options={"fastmath": {"contract"}, "error_model": "numpy"})
def _decay(v):
    return _decay_32 if v == types.float32 else _decay_64
