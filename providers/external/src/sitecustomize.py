"""Makes the sleeps of a rehearsed Python program waits on the rehearsal's clock.

kubeproof puts this file on PYTHONPATH in rehearsals only (`real_sleeps: true` in the scenario turns it off). The clock
jumps when the whole program sleeps, and `time.time` and `time.monotonic` go on by what was slept, so that a program's own
deadlines hold. Sleeps that are not `time.sleep` (selectors, locks with a timeout) stay real.
"""

import os
import sys


def _install(place):
    import _thread
    import time

    host, _, port = place.rpartition(":")
    real_sleep, local = time.sleep, _thread._local()
    slept = [0.0]

    def connection():
        # A fork must not share its parent's.
        if getattr(local, "process", None) != os.getpid():
            import socket

            local.socket = socket.create_connection((host, int(port)), timeout=None)
            local.process = os.getpid()
        return local.socket

    def sleep(seconds):
        if not isinstance(seconds, (int, float)):
            seconds = float(seconds)
        if not seconds > 0:
            return real_sleep(seconds)
        began = real["monotonic"]()
        try:
            server = connection()
            server.sendall(b"%d %.6f\n" % (os.getpid(), seconds))
            if not server.recv(1):
                raise OSError("the rehearsal is over")
        except OSError:
            local.process = None
            return real_sleep(max(0.0, seconds - (real["monotonic"]() - began)))
        except BaseException:
            # Interrupted: the answer of this sleep must not end the next one.
            local.process = None
            raise
        slept[0] += max(0.0, seconds - (real["monotonic"]() - began))

    real = {name: getattr(time, name) for name in ("time", "monotonic")}
    nanoseconds = {name: getattr(time, name) for name in ("time_ns", "monotonic_ns")}
    time.sleep = sleep
    for name, function in real.items():
        setattr(time, name, lambda function=function: function() + slept[0])
    for name, function in nanoseconds.items():
        setattr(time, name, lambda function=function: function() + int(slept[0] * 1e9))


def _next():
    """Runs the `sitecustomize` that this one hides, if there is one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [one for one in sys.path if os.path.abspath(one) != here])
    if spec and spec.loader:
        spec.loader.exec_module(module_from_spec(spec))


if os.environ.get("KUBEPROOF_SLEEPS"):
    _install(os.environ["KUBEPROOF_SLEEPS"])
_next()
