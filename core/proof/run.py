"""Runs jobs, each in a process of its own: what z3 answers depends on what it was asked before."""

import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import wait


def outcomes(jobs):
    """Gives for each job, as it ends, its place in the list, what it gave (what is wrong, and counts), and its seconds."""
    context, waiting, running = multiprocessing.get_context('fork'), list(enumerate(jobs)), {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            number, job = waiting.pop(0)
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=told, args=(theirs, *job), daemon=True)
            process.start()
            theirs.close()  # so that the end of the process is the end of the pipe
            running[ours] = number, process, time.time()
        for pipe in wait(list(running)):
            number, process, begun = running.pop(pipe)
            try:
                result = pipe.recv()
            except EOFError:
                result = None
            process.join()
            result = result or ([f'its process ended with {process.exitcode}'], {})
            yield number, result, time.time() - begun


def told(pipe, function, arguments):
    try:
        pipe.send(function(*arguments))
    except Exception:
        pipe.send((traceback.format_exc().splitlines(), {}))
