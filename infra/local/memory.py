"""The memory of a local worker: it dies where AWS would kill it, by exceeding what the template gives its function.

Otherwise whatever takes 8 GB passes every test on a laptop of 16, and is killed in production.
"""

from __future__ import annotations

MEMORY_MB = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
"""The variable that says how much: Lambda's own, which the engine sets from the deployed function."""

# Python that runs in the worker, before anything else. It looks at the peak, so a moment's excess counts too.
# What is measured is memory in use: addresses that were only reserved cost nothing here or on AWS, and onnxruntime
# reserves many. As Lambda does, the process is killed by a signal, in whatever it was doing.
# The second bound keeps this machine from swapping before the peak is looked at: nothing gets more than twice the
# memory, and what asks for it is told at once.
EXIT_ABOVE_MEMORY = f"""
def _exit_above_memory():
    import os, resource, signal, sys, threading, time
    memory_mb = int(os.environ.get({MEMORY_MB!r}) or 0)
    if not memory_mb or not os.path.exists("/proc/self/status"):
        return
    def peak_mb():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))
    def watch():
        while True:
            if peak_mb() > memory_mb:
                os.write(2, f"used {{peak_mb()}} MB of {{memory_mb}} MB: killed, as AWS does\\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.1)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_DATA, (2 * memory_mb << 20, hard))
    threading.Thread(target=watch, daemon=True, name="exit-above-memory").start()
_exit_above_memory()
"""
