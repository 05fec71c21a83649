"""The kernel that executes a chapter: this interpreter, its own log, gone with all its children."""

import os
import signal
from typing import IO

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager


def manager(log: IO) -> type[AsyncKernelManager]:
    """Class of kernel managers for papermill; what a kernel prints outside cells goes to ``log``.

    Whatever other kernel is installed under the name python3, this one is the running interpreter.
    """

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = KernelSpec(**get_kernel_dict())
        transport_encryption = "auto"

        async def start_kernel(self, **options):
            await super().start_kernel(stdout=log, stderr=log, **options)

        async def shutdown_kernel(self, now: bool = False, restart: bool = False):
            # Taking torch down in good order lasts seconds, and every file is already whole.
            group = getattr(self.provisioner, "pgid", None)
            await super().shutdown_kernel(now=True, restart=restart)
            if group:
                _kill_group(group)

    return ThisInterpreter


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:  # the kernel left no worker behind
        return
