"""One run that a visitor watches, and the only thread that training has.

A `Run` knows its plan, its folder and what a page may know of it; the `Runner`'s thread calls
`advance` on one run after another, and pages read `status` and leave wishes (`pause`, `go`,
`step_once`, `stop`). Whatever goes wrong ends in a sentence.

```
FOLDER/
├── plan.json          sizes, recipe, time
├── start/             the weights to begin with, where they are not drawn
├── train.npy          the visitor's text as ids; validation.npy the part kept apart
├── history.json       losses, samples, snapshots up to the last save
├── state/             the last save, to go on from (see resume.py)
└── steps/00000100/    the model after 100 steps, in Hugging Face's GPT-2 layout
```
"""

import contextlib
import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from model.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import tokenizer
from model.training import resume
from model.training.archive import unpack
from model.training.data import Batches
from model.training.engine import Trainer, evaluate
from model.training.plan import MAX_SECONDS, Corpus, RunPlan, snapshot_steps
from model.training.stats import StepStats, TrainConfig
from model.training.status import (
    MAX_POINTS,
    History,
    RunStatus,
    Sample,
    State,
    ValidationPoint,
    disk_sentence,
    thinned,
)

Clock = Callable[[], float]

START = "start"
# Seconds between saves: what a killed run loses at most.
SAVE_EVERY = 20.0
# A run may spend one part in so many on validation.
_VALIDATION_PART = 20
_SAMPLE_TOKENS = 120
_SNAPSHOTS = frozenset(snapshot_steps(10_000_000))


class Run:
    """Hold one visitor's run. Pages call the wishes and `status`; the runner calls the rest."""

    def __init__(
        self, plan: RunPlan, corpus: Corpus, folder: Path, *, clock: Clock = time.monotonic
    ) -> None:
        self.plan, self.folder = plan, folder
        self._corpus, self._clock = corpus, clock
        self._trainer: Trainer | None = None
        self._lock = threading.Lock()
        self._state: State = "queued"
        self._sentence = "Waiting to start."
        self._steps_allowed = math.inf
        self._is_discarded = False
        # Held while files are written: a folder that is being deleted must not come back.
        self._writing = threading.Lock()
        self._history = History()
        self._n_done = 0
        self._recent: deque[StepStats] = deque(maxlen=30)
        # The stretch that is being trained: where it began, and how long it is.
        self._stretch_begin, self._stretch = 0.0, float(plan.seconds)
        self._steps_begin, self._n_step = 0, plan.recipe.n_steps
        self._validated_at, self._validation_cost = -math.inf, 0.0
        self._saved_at, self._saved_step = 0.0, -1

    # What a page may ask for, from any thread.

    def status(self) -> RunStatus:
        """Return how the run stands; its place in the queue is for the queue to say."""
        with self._lock:
            seconds = sum(stats.seconds for stats in self._recent)
            tokens = len(self._recent) * self.plan.recipe.batch_size * self.plan.sizes.block_size
            return RunStatus(
                state=self._state,
                sentence=self._sentence,
                n_done=self._n_done,
                history=self._history,
                tokens_per_second=tokens / seconds if seconds else 0.0,
                seconds_left=self._seconds_left(seconds / max(len(self._recent), 1)),
                bytes_per_token=self._corpus.bytes_per_token,
                floor=self.plan.floor,
                vocab_size=self.plan.sizes.vocab_size,
                n_parameter=self.plan.sizes.parameters.total,
                name=self.plan.name,
            )

    def pause(self) -> None:
        """Stop after the step that is under way, to go on later."""
        with self._lock:
            if self._state in ("queued", "running"):
                self._steps_allowed = 0
                self._say("paused", "Paused.")

    def go(self) -> None:
        """Go on after a pause."""
        with self._lock:
            if self._state == "paused":
                self._steps_allowed = math.inf
                self._say("queued", "Waiting to go on.")

    def step_once(self) -> None:
        """Do a single step of a paused run."""
        with self._lock:
            if self._state == "paused":
                self._steps_allowed = 1
                self._say("queued", "Waiting for one step.")

    def stop(self, sentence: str = "Stopped.") -> None:
        """End the run for good; what was saved stays."""
        with self._lock:
            if self._state in ("queued", "running", "paused"):
                self._say("stopped", sentence)

    def extend(self, seconds: float) -> None:
        """Train so much longer, from a rate that climbs anew."""
        with self._lock:
            if self._state not in ("done", "stopped"):
                return
            self._stretch_begin, self._stretch = self._history.seconds, seconds
            self._steps_begin, self._n_step = self._n_done, self.plan.recipe.n_steps
            self._steps_allowed = math.inf
            self._say("queued", "Waiting to go on.")

    @property
    def wants_to_work(self) -> bool:
        """Whether a step is asked for."""
        with self._lock:
            return self._state in ("queued", "running") and self._steps_allowed > 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen unless the run is extended."""
        with self._lock:
            return self._state in ("done", "stopped", "failed", "uploaded")

    def recall(self) -> None:
        """Take up what lies in the folder: a run whose server was ended, or an uploaded model."""
        history = self.folder / "history.json"
        if history.exists():
            self._history = History.from_json(json.loads(history.read_text(encoding="utf-8")))
        self._n_done = self._history.steps[-1].step if self._history.steps else 0
        if self.plan.name:
            self._say("uploaded", "Uploaded. It has not been trained here yet.")
        else:
            self._say("stopped", f"Stopped at step {self._n_done:,}; it can go on from there.")

    # What the runner does, from its thread.

    def open(self) -> None:
        """Build the trainer, or go on from the last save."""
        with self._lock:
            if self._state == "queued":
                self._say("running", "Training.")
        if self._trainer is not None:
            return
        trainer = _build(self.plan, self._corpus, self.folder / START)
        saved = resume.latest(self.folder / "state")
        if saved:
            resume.restore(trainer, saved)
            if 0 < trainer.n_done == self._steps_begin:
                trainer.warm_up_again()
        self._trainer, self._saved_at = trainer, self._clock()
        if not trainer.n_done:
            self._keep(trainer)

    def advance(self) -> None:
        """Do one step and what belongs to it: measuring, a sample, a snapshot, a save."""
        trainer = self._trainer
        assert trainer is not None
        start = self._clock()
        stats = trainer.step(self._progress())
        stats = replace(stats, seconds=self._clock() - start)
        _check_loss(stats, self._history, self.plan)
        self._note(stats)
        if trainer.n_done in _SNAPSHOTS or self._is_finished():
            self._keep(trainer)
        elif self._clock() - self._validated_at > _VALIDATION_PART * self._validation_cost:
            self._validate(trainer)
        if self._clock() - self._saved_at > SAVE_EVERY:
            self.save()
        with self._lock:
            seconds = self._history.seconds + (self._clock() - start - stats.seconds)
            self._history = replace(self._history, seconds=seconds)
        if self._is_finished():
            self.save()
            with self._lock:
                self._say("done", f"Done after {trainer.n_done:,} steps.")

    def fail(self, sentence: str) -> None:
        """End the run with a sentence that says what happened and what to do."""
        with self._lock:
            self._say("failed", sentence)

    def save(self) -> None:
        """Write the last save anew; a run that was never opened has none."""
        trainer = self._trainer
        if trainer is None:
            return
        with self._writing:
            if self._is_discarded:
                return
            resume.save(trainer, self.folder / "state")
            part = self.folder / "history.json.part"
            part.write_text(json.dumps(self._history.to_json()), encoding="utf-8")
            part.replace(self.folder / "history.json")
        self._saved_at, self._saved_step = self._clock(), trainer.n_done

    def finish(self) -> None:
        """Keep what an ended run learnt last, to look into and to go on from."""
        trainer = self._trainer
        if trainer is None or self._is_discarded or trainer.n_done == self._saved_step:
            return
        if trainer.n_done not in self._history.snapshots:
            self._keep(trainer)
        self.save()

    def discard(self) -> None:
        """Write nothing more: the run's folder is being deleted."""
        with self._writing:
            self._is_discarded = True
        self.close()

    def close(self) -> None:
        """Let go of the model and its optimizers; what was saved stays."""
        self._trainer = None

    def _say(self, state: State, sentence: str) -> None:
        self._state, self._sentence = state, sentence

    def _progress(self) -> float:
        if self._stretch:
            return (self._history.seconds - self._stretch_begin) / self._stretch
        return (self._n_done - self._steps_begin) / self._n_step

    def _is_finished(self) -> bool:
        is_too_long = self._history.seconds - self._stretch_begin >= MAX_SECONDS
        return self._progress() >= 1 or is_too_long

    def _seconds_left(self, seconds_per_step: float) -> float:
        if self._stretch:
            return max(0.0, self._stretch * (1 - self._progress()))
        return max(0.0, self._n_step * (1 - self._progress()) * seconds_per_step)

    def _note(self, stats: StepStats) -> None:
        with self._lock:
            steps = (*self._history.steps, stats)
            self._history = replace(
                self._history,
                steps=thinned(steps) if len(steps) > MAX_POINTS else steps,
                seconds=self._history.seconds + stats.seconds,
            )
            self._n_done = stats.step
            self._steps_allowed -= 1
            self._recent.append(stats)
            if self._steps_allowed <= 0 and self._state == "running":
                self._say("paused", f"Paused after step {stats.step:,}.")

    def _keep(self, trainer: Trainer) -> None:
        """Measure, write a sample and keep the weights of this step."""
        step = trainer.n_done
        self._validate(trainer)
        text = write_sample(trainer.model, seed=self.plan.recipe.seed)
        with self._writing:
            if self._is_discarded:
                return
            save_checkpoint(trainer.model, self.snapshot_folder(step), dtype=torch.float16)
        with self._lock:
            history = self._history
            self._history = replace(
                history,
                samples=(*history.samples, Sample(step, text)),
                snapshots=tuple(sorted({*history.snapshots, step})),
            )

    def snapshot_folder(self, step: int) -> Path:
        """Return where the weights of a step are kept."""
        return snapshot_folder(self.folder, step)

    def _validate(self, trainer: Trainer) -> None:
        start = self._clock()
        windows = torch.from_numpy(self._corpus.validation.astype(np.int64))
        loss = evaluate(trainer.model, windows, precision=self.plan.recipe.precision)
        self._validated_at = self._clock()
        self._validation_cost = self._validated_at - start
        with self._lock:
            points = (*self._history.validation, ValidationPoint(trainer.n_done, loss))
            self._history = replace(self._history, validation=points[-MAX_POINTS:])


class Runner:
    """Step one run after another, in the only thread that training has.

    Args:
        take: Returns the run to work on now, or none; asked between any two steps.
        idle: Called once, when there is nothing to work on for the first time.
    """

    def __init__(
        self, take: Callable[[], Run | None], idle: Callable[[], None] = lambda: None
    ) -> None:
        self._take, self._idle = take, idle
        self._is_ending = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="training", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look for work now rather than in half a second."""
        self._wake.set()

    def end(self, timeout: float = 10.0) -> None:
        """Save what is under way and end the thread."""
        self._is_ending.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _loop(self) -> None:
        warm_up()
        current: Run | None = None
        is_idle_known = False
        while not self._is_ending.is_set():
            run = self._take()
            if current is not None and run is not current:
                self._guard(current, _settle)
            current = run
            if run is None and not is_idle_known:
                is_idle_known = True
                # Whatever fails in there, the runs to come need this thread.
                with contextlib.suppress(Exception):
                    self._idle()
            elif run is None:
                self._wake.wait(0.5)
                self._wake.clear()
            else:
                self._guard(run, _work)
        if current is not None:
            self._guard(current, _settle)

    def _guard(self, run: Run, work: Callable[[Run], None]) -> None:
        try:
            work(run)
        except _EndedError as end:
            run.fail(str(end))
        except CheckpointError:
            run.fail(f"The weights grew past what their file can hold. {_advice(run.plan)}")
        except OSError as error:
            run.fail(_disk_sentence(error, run))
        except MemoryError:
            run.fail("There is not enough memory for a model of this size. Take a smaller one.")
        except Exception as error:
            run.fail(f"The run ended with an error: {type(error).__name__}: {error}")
        if run.is_over:
            run.close()


class _EndedError(Exception):
    """A run that cannot go on, with the sentence that says why."""


def _work(run: Run) -> None:
    run.open()
    run.advance()
    if run.is_over:
        run.finish()


def _settle(run: Run) -> None:
    """Save a run that pauses or is over, and let go of its model: one is held at a time."""
    if run.is_over:
        run.finish()
    run.save()
    run.close()


def _advice(plan: RunPlan) -> str:
    return f"Try a lower learning rate than {plan.recipe.learning_rate:g}."


def _check_loss(stats: StepStats, history: History, plan: RunPlan) -> None:
    """End a run that learns nothing any more.

    Raises:
        _EndedError: The loss is no number, or far above a uniform guess and has been for a while.
    """
    advice = _advice(plan)
    if not (math.isfinite(stats.loss) and math.isfinite(stats.grad_norm)):
        raise _EndedError(f"At step {stats.step:,} the loss is no number any more. {advice}")
    uniform = math.log(plan.sizes.vocab_size)
    last = [point.loss for point in history.steps[-20:]]
    if len(last) == 20 and min(last) > 2 * uniform:
        raise _EndedError(
            f"For 20 steps the loss has been more than twice {uniform:.2f} nats, which a uniform "
            f"guess gets: the steps are too large. {advice}"
        )


def _disk_sentence(error: OSError, run: Run) -> str:
    saved = resume.latest(run.folder / "state")
    kept = "The last save is whole." if saved else "Nothing had been saved yet."
    return f"{disk_sentence(error)} The run was stopped. {kept}"


def _build(plan: RunPlan, corpus: Corpus, start: Path | None = None) -> Trainer:
    recipe, sizes = plan.recipe, plan.sizes
    if start is not None and start.is_dir():
        model = load_checkpoint(start)
    else:
        model = GPT(sizes).initialize(torch.Generator().manual_seed(recipe.seed))
    batches = Batches(
        [corpus.source],
        batch_size=recipe.batch_size,
        block_size=sizes.block_size,
        vocab_size=sizes.vocab_size,
        seed=recipe.seed,
        start_share=recipe.start_share,
        is_scattered=True,
    )
    return Trainer(model, recipe, batches)


def warm_up() -> None:
    """Do a step of the smallest model.

    A process's first optimizer loads much of torch, which takes a second or more; a visitor's
    first step need not wait for it.
    """
    sizes = GPTConfig(vocab_size=257, block_size=2, n_layer=1, n_head=1, d_model=2)
    recipe = TrainConfig(n_steps=1, batch_size=1)
    ids = np.zeros(8, dtype=np.uint16)
    _build(RunPlan(sizes, recipe), Corpus(ids, ids[None, :3], 1.0)).step()


def measure_speed(plan: RunPlan, clock: Clock) -> float:
    """Return the tokens a second of a plan on this machine: of its steps after the first."""
    sizes, n_step = plan.sizes, 2
    ids = np.random.default_rng(0).integers(sizes.vocab_size, size=8 * sizes.block_size)
    trainer = _build(plan, Corpus(ids.astype(np.uint16), np.zeros((0, 0), np.uint16), 1.0))
    trainer.step()
    start = clock()
    for _ in range(n_step):
        trainer.step()
    return n_step * trainer.tokens_per_step / (clock() - start)


@torch.no_grad()
def write_sample(model: GPT, *, seed: int, temperature: float = 0.8) -> str:
    """Return what a model writes after `<|endoftext|>` alone, as much as its context holds.

    Args:
        model: Any of ours.
        seed: Of the draws: the same at every step, so that only the model differs.
        temperature: Below 1 prefers what is likely.
    """
    was_training = model.training
    model.eval()
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    cache = model.empty_cache()
    ids = torch.tensor([[config.vocab_size - 1]])
    written: list[int] = []
    for _ in range(min(_SAMPLE_TOKENS, config.block_size)):
        logits = model(ids, cache)[0, -1].float()
        logits[-1] = float("-inf")  # the text goes on
        probs = (logits / temperature).softmax(-1)
        if not probs.isfinite().all():
            break
        ids = torch.multinomial(probs, 1, generator=generator)[None]
        written.append(int(ids))
    model.train(was_training)
    return tokenizer(config.vocab_size).decode(written)


def adopt(raw: bytes, name: str, folder: Path) -> Run:
    """Keep an uploaded zip as a run that is over: one snapshot, and nothing to train on.

    Raises:
        CheckpointError: The zip holds no model as they are trained here.
        OSError: The disk is full.
    """
    sizes = unpack(raw, snapshot_folder(folder, 0))
    text = write_sample(load_checkpoint(snapshot_folder(folder, 0)), seed=0)
    history = History(samples=(Sample(0, text),), snapshots=(0,))
    (folder / "history.json").write_text(json.dumps(history.to_json()), encoding="utf-8")
    nothing = Corpus(np.zeros(0, np.uint16), np.zeros((0, sizes.block_size + 1), np.uint16), 1.0)
    plan = RunPlan(sizes, TrainConfig(batch_size=1), name=name)
    save_plan(plan, nothing, folder)
    run = Run(plan, nothing, folder)
    run.recall()
    return run


def snapshot_folder(folder: Path, step: int) -> Path:
    """Return where a run keeps the weights of a step."""
    return folder / "steps" / f"{step:08d}"


def save_plan(plan: RunPlan, corpus: Corpus, folder: Path) -> None:
    """Write what a run needs to be opened again after the server was ended."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "train.npy", corpus.train)
    np.save(folder / "validation.npy", corpus.validation)
    entries = {**asdict(plan), "bytes_per_token": corpus.bytes_per_token}
    (folder / "plan.json").write_text(json.dumps(entries), encoding="utf-8")


def load_plan(folder: Path) -> tuple[RunPlan, Corpus]:
    """Return what `save_plan` wrote."""
    entries = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    plan = RunPlan(
        GPTConfig(**entries["sizes"]),
        TrainConfig(**entries["recipe"]),
        entries["seconds"],
        entries["floor"],
        entries.get("name", ""),
    )
    train = np.load(folder / "train.npy", mmap_mode="r", allow_pickle=False)
    validation = np.load(folder / "validation.npy", allow_pickle=False)
    return plan, Corpus(train, validation, entries["bytes_per_token"])
