"""Where tasks are done: the executor protocol, the local process pool, and the worker process."""
