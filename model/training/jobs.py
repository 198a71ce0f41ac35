"""The queue of all visitors' runs: who may see which, whose turn it is, what is deleted when.

A run is known by a token that cannot be guessed; whoever has it may see and steer the run, nobody
else. An owner is whatever the caller calls a visitor's session. Who is still there is asked through
`is_connected`, so that nothing here knows what serves the pages. One run works at a time; the
others wait in the order in which they were asked for.
"""

import atexit
import contextlib
import math
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from model.checkpoints import read_config
from model.training.machine import faster_precision
from model.training.plan import MAX_SECONDS, PRESETS, RunPlan, make_corpus
from model.training.runner import (
    START,
    Clock,
    Run,
    Runner,
    adopt,
    load_plan,
    measure_speed,
    save_plan,
)
from model.training.stats import Precision
from model.training.status import RunStatus

GRACE_SECONDS = 20.0
MAX_FOLDER_BYTES = 1_000_000_000
MAX_AGE_SECONDS = 24 * 3600.0
MAX_WAITING = 16
# Finished runs that are remembered besides the live ones; older ones are opened from their folder.
_MAX_REMEMBERED = 32
_TOKEN_BYTES = 24


class UnknownRunError(KeyError):
    """No run has this token, or it was deleted."""


@dataclass(eq=False)
class _Job:
    token: str
    run: Run
    owners: set[str] = field(default_factory=set)
    last_seen: float = 0.0


class Jobs:
    """Hold every visitor's runs and the thread that works on them.

    Args:
        folder: Where runs are kept, one folder a token.
        is_connected: Whether an owner's page is still open.
        clock: Counts seconds.
        grace: Seconds that a run goes on after its last visitor has gone.
        max_bytes: Size of `folder` above which the oldest finished runs are deleted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_connected: Callable[[str], bool],
        clock: Clock = time.monotonic,
        grace: float = GRACE_SECONDS,
        max_bytes: int = MAX_FOLDER_BYTES,
    ) -> None:
        self._folder, self._is_connected = folder, is_connected
        self._clock, self._grace, self._max_bytes = clock, grace, max_bytes
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._queue: list[str] = []
        self._looked_at = float("-inf")
        self._faster: Precision | None = None
        self._speed = 0.0
        self._runner = Runner(self._take, self._measure)
        folder.mkdir(parents=True, exist_ok=True)
        self._delete_old()
        self._runner.start()
        atexit.register(self.close)

    def submit(self, owner: str, plan: RunPlan, text: str, *, begin: str = "") -> str:
        """Put a run at the end of the queue; return its token.

        It multiplies in whichever precision is faster on this machine.

        Args:
            owner: Whose it is.
            plan: Its sizes, recipe and time.
            text: To learn from, and to measure on.
            begin: A run of this owner, whose last weights and sizes it begins with; none for
                weights that are drawn.

        Raises:
            ValueError: The text does not do, the queue is full, or the owner has a run already;
                the sentence can be shown.
            OSError: The disk is full.
        """
        start = self._last_snapshot(begin, owner) if begin else None
        if start is not None:
            plan = replace(plan, sizes=read_config(start))
        corpus = make_corpus(text, plan.sizes)
        plan = replace(plan, recipe=replace(plan.recipe, precision=self._precision()))
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            if any(owner in job.owners and not job.run.is_over for job in self._jobs.values()):
                raise ValueError("You have a run already. Stop it before you start another.")
            if sum(not job.run.is_over for job in self._jobs.values()) >= MAX_WAITING:
                raise ValueError("Too many runs are waiting. Try again in a few minutes.")
        self._make_room()
        with _nothing_left(self._folder / token):
            if start is not None:
                shutil.copytree(start, self._folder / token / START)
            save_plan(plan, corpus, self._folder / token)
        plan, corpus = load_plan(self._folder / token)  # the text is mapped, not held
        run = Run(plan, corpus, self._folder / token, clock=self._clock)
        self._add(_Job(token, run, {owner}, self._clock()))
        return token

    def adopt(self, owner: str, raw: bytes, name: str) -> str:
        """Keep an uploaded model among an owner's runs; return its token.

        Args:
            owner: Whose it is.
            raw: A zip as `archive.pack` makes it.
            name: What the file is called; not empty.

        Raises:
            CheckpointError: It holds no model as they are trained here.
            ValueError: There is no room.
            OSError: The disk is full.
        """
        self._make_room()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with _nothing_left(self._folder / token):
            run = adopt(raw, name, self._folder / token)
        self._add(_Job(token, run, {owner}, self._clock()))
        return token

    def attach(self, token: str, owner: str) -> None:
        """Let an owner see and steer a run whose token they have, as after a reload.

        A run whose server was ended is opened from its folder, stopped, at its last save.

        Raises:
            UnknownRunError: No run has this token.
        """
        with self._lock:
            if token not in self._jobs:
                self._reopen(token)
            job = self._jobs[token]
            job.owners.add(owner)
            job.last_seen = self._clock()

    def status(self, token: str, owner: str) -> RunStatus:
        """Return how a run stands, with its place in the queue.

        Raises:
            UnknownRunError: No run has this token, or it is not this owner's.
        """
        with self._lock:
            status = self._run(token, owner).status()
            if status.state != "queued":
                return status
            waiting = [other for other in self._queue if self._jobs[other].run.wants_to_work]
            place = waiting.index(token) if token in waiting else 0
        if not place:
            return status
        runs = "one run is" if place == 1 else f"{place} runs are"
        return replace(status, place=place, sentence=f"Waiting: {runs} before yours.")

    def pause(self, token: str, owner: str) -> None:
        """Pause a run; the next in the queue may work meanwhile."""
        self._run(token, owner).pause()

    def go(self, token: str, owner: str) -> None:
        """Let a paused run go on, at the end of the queue."""
        self._wish(token, owner, Run.go)

    def step_once(self, token: str, owner: str) -> None:
        """Let a paused run do one step."""
        self._wish(token, owner, Run.step_once)

    def extend(self, token: str, owner: str, seconds: float) -> None:
        """Train an ended run longer, at the end of the queue.

        Raises:
            ValueError: It is to be longer than one visitor gets.
        """
        if not 0 < seconds <= MAX_SECONDS:
            raise ValueError(f"{seconds:.0f} seconds are not between 1 and {MAX_SECONDS}")
        self._wish(token, owner, lambda run: run.extend(seconds))

    def stop(self, token: str, owner: str) -> None:
        """End a run; what it learnt stays."""
        self._run(token, owner).stop()
        self._runner.wake()

    def snapshot_folder(self, token: str, owner: str, step: int) -> Path:
        """Return the folder with the weights of a step, in Hugging Face's GPT-2 layout."""
        return self._run(token, owner).snapshot_folder(step)

    def delete(self, token: str, owner: str) -> None:
        """Stop a run and delete everything that was kept of it, the text too."""
        run = self._run(token, owner)
        run.stop()
        with self._lock:
            self._jobs.pop(token, None)
            if token in self._queue:
                self._queue.remove(token)
        run.discard()
        shutil.rmtree(run.folder, ignore_errors=True)

    @property
    def speed(self) -> float:
        """Parameters times tokens that a second of training takes; 0 until it is measured."""
        return self._speed

    def close(self) -> None:
        """Save what is under way and end the thread, as when the server ends."""
        atexit.unregister(self.close)
        self._runner.end()

    def _precision(self) -> Precision:
        if self._faster is None:
            self._faster = faster_precision(torch.device("cpu"), time.perf_counter)
        return self._faster

    def _measure(self) -> None:
        """Measure the speed with the first preset; without it, no estimate is shown."""
        first = PRESETS[0].plan
        plan = replace(first, recipe=replace(first.recipe, precision=self._precision()))
        tokens_per_second = measure_speed(plan, time.perf_counter)
        self._speed = plan.sizes.parameters.total * tokens_per_second

    def _last_snapshot(self, token: str, owner: str) -> Path:
        run = self._run(token, owner)
        snapshots = run.status().history.snapshots
        if not snapshots:
            raise ValueError("This run has left no weights to begin with. Pick another one.")
        # It is in use, so its day begins anew: room is made before its weights are copied.
        os.utime(run.folder)
        return run.snapshot_folder(snapshots[-1])

    def _make_room(self) -> None:
        if self._delete_old() > self._max_bytes:
            raise ValueError("There is no room for more runs now. Try again in a few minutes.")

    def _run(self, token: str, owner: str) -> Run:
        with self._lock:
            job = self._jobs.get(token)
            # The same answer for a foreign run as for none: a guess learns nothing.
            if job is None or owner not in job.owners:
                raise UnknownRunError("There is no such run, or it is not yours.")
            job.last_seen = self._clock()
            return job.run

    def _wish(self, token: str, owner: str, wish: Callable[[Run], None]) -> None:
        run = self._run(token, owner)
        wish(run)
        with self._lock:
            if run.wants_to_work:
                if token in self._queue:
                    self._queue.remove(token)
                self._queue.append(token)
        self._runner.wake()

    def _add(self, job: _Job) -> None:
        with self._lock:
            self._jobs[job.token] = job
            self._queue.append(job.token)
            self._forget_finished()
        self._runner.wake()

    def _forget_finished(self) -> None:
        over = [token for token, job in self._jobs.items() if job.run.is_over]
        for token in over[: max(0, len(over) - _MAX_REMEMBERED)]:
            del self._jobs[token]

    def _reopen(self, token: str) -> None:
        # Only names we could have given are looked for: a token is no path.
        known = {path.name for path in self._folder.iterdir() if (path / "plan.json").exists()}
        if token not in known:
            raise UnknownRunError("There is no such run, or it was deleted.")
        plan, corpus = load_plan(self._folder / token)
        run = Run(plan, corpus, self._folder / token, clock=self._clock)
        run.recall()
        self._jobs[token] = _Job(token, run)

    def _take(self) -> Run | None:
        """Return the first run of the queue that wants to work."""
        now = self._clock()
        with self._lock:
            if now - self._looked_at > 1.0:
                self._looked_at = now
                self._stop_abandoned(now)
            self._queue = [
                token
                for token in self._queue
                if token in self._jobs and not self._jobs[token].run.is_over
            ]
            runs = (self._jobs[token].run for token in self._queue)
            return next((run for run in runs if run.wants_to_work), None)

    def _stop_abandoned(self, now: float) -> None:
        for job in self._jobs.values():
            if job.run.is_over:
                continue
            if any(self._is_connected(owner) for owner in job.owners):
                job.last_seen = now
            elif now - job.last_seen > self._grace:
                job.run.stop("Stopped: the page was closed.")

    def _delete_old(self) -> int:
        """Delete runs that are older than a day, then the oldest until the rest fits.

        Return the bytes that are left.
        """
        sizes = {path: _n_byte(path) for path in self._folder.iterdir() if path.is_dir()}
        total = sum(sizes.values())
        for path in sorted(sizes, key=_changed_at):
            is_old = time.time() - _changed_at(path) > MAX_AGE_SECONDS
            # Under the lock, so that nobody goes on with a run while it is deleted.
            with self._lock:
                job = self._jobs.get(path.name)
                if (is_old or total > self._max_bytes) and (job is None or job.run.is_over):
                    shutil.rmtree(path, ignore_errors=True)
                    total -= sizes[path]
                    self._jobs.pop(path.name, None)
        return total


@contextlib.contextmanager
def _nothing_left(folder: Path) -> Iterator[None]:
    """Delete a folder whose writing failed, whatever it failed of."""
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield
        stack.pop_all()


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # its visitor deleted it meanwhile
        return math.inf


def _n_byte(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a save under way renames its parts
            total += file.stat().st_size if file.is_file() else 0
    return total
