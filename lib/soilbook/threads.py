"""One thread for products and decompositions of matrices.

The order in which BLAS and LAPACK add depends on the number of their threads, and so do the last
digits of what they give.
"""

import numpy  # noqa: F401, NumPy's BLAS and, next, SciPy's: those loaded by now are held
import scipy.linalg  # noqa: F401
from threadpoolctl import threadpool_limits

# Decorator of functions whose results must not depend on the machine's number of cores.
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")
