"""Runs in a real thread: the queue, who may see what, and what happens when things go wrong."""

import errno
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from model import checkpoints
from model.checkpoints import CheckpointError, load_checkpoint
from model.config import GPTConfig
from model.training import jobs as jobs_module
from model.training import resume, runner
from model.training.archive import pack
from model.training.jobs import Jobs, UnknownRunError
from model.training.plan import Corpus, RunPlan
from model.training.stats import StepStats, TrainConfig

TEXT = "the cat sat on the mat. the dog sat on the log. " * 60
PLAN = RunPlan(
    GPTConfig(vocab_size=257, block_size=16, n_layer=1, n_head=2, d_model=16),
    TrainConfig(n_steps=12, batch_size=4, warmup_steps=2),
    seconds=0,
)
ENDLESS = replace(PLAN, recipe=replace(PLAN.recipe, n_steps=10_000_000))


class Visitors:
    """Say who is still there."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def __call__(self, owner: str) -> bool:
        return owner not in self.gone


@pytest.fixture
def visitors() -> Visitors:
    return Visitors()


@pytest.fixture
def jobs(tmp_path: Path, visitors: Visitors) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path / "runs", is_connected=visitors, grace=0.5)
    yield jobs
    jobs.close()


def wait_for(claim: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def state(jobs: Jobs, token: str, owner: str = "ada") -> str:
    return jobs.status(token, owner).state


def test_a_run_goes_to_its_end_and_leaves_models_that_can_be_opened(jobs):
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "done")
    status = jobs.status(token, "ada")
    assert [stats.step for stats in status.history.steps] == list(range(1, 13))
    assert status.history.snapshots == (0, 1, 2, 5, 10, 12)
    assert [sample.step for sample in status.history.samples] == [0, 1, 2, 5, 10, 12]
    assert {0, 12} <= {point.step for point in status.history.validation}
    first, last = (load_checkpoint(jobs.snapshot_folder(token, "ada", n)) for n in (0, 12))
    assert first.config == last.config == PLAN.sizes
    assert not torch.equal(first.wte.weight, last.wte.weight)


def test_runs_work_one_after_another_in_the_order_of_asking(jobs):
    tokens = {owner: jobs.submit(owner, ENDLESS, TEXT) for owner in ("ada", "bob", "cleo")}
    wait_for(lambda: state(jobs, tokens["ada"]) == "running")
    assert [jobs.status(tokens[owner], owner).place for owner in tokens] == [0, 1, 2]
    assert "2 runs are before yours" in jobs.status(tokens["cleo"], "cleo").sentence
    jobs.stop(tokens["ada"], "ada")
    wait_for(lambda: state(jobs, tokens["bob"], "bob") == "running")
    assert jobs.status(tokens["cleo"], "cleo").place == 1
    jobs.pause(tokens["bob"], "bob")
    wait_for(lambda: state(jobs, tokens["cleo"], "cleo") == "running")
    jobs.go(tokens["bob"], "bob")
    assert jobs.status(tokens["bob"], "bob").place == 1


def test_eight_visitors_each_get_their_turn(jobs):
    tokens = {f"visitor {number}": "" for number in range(8)}
    for owner in tokens:
        tokens[owner] = jobs.submit(owner, PLAN, TEXT)
    places = [jobs.status(token, owner).place for owner, token in tokens.items()]
    assert places == sorted(places)
    for owner, token in tokens.items():
        wait_for(lambda token=token, owner=owner: state(jobs, token, owner) == "done", 120)
    ended = [jobs._jobs[token].run.folder.joinpath("history.json") for token in tokens.values()]
    times = [path.stat().st_mtime for path in ended]
    assert times == sorted(times)


def test_a_run_by_steps_ends_when_its_time_is_over(jobs, monkeypatch):
    monkeypatch.setattr(runner, "MAX_SECONDS", 0.5)
    token = jobs.submit("ada", ENDLESS, TEXT)
    wait_for(lambda: state(jobs, token) == "done")


def test_a_folder_full_of_live_runs_takes_no_more(tmp_path):
    jobs = Jobs(tmp_path, is_connected=lambda owner: True, max_bytes=1)
    jobs.submit("ada", ENDLESS, TEXT)
    with pytest.raises(ValueError, match="no room for more runs"):
        jobs.submit("bob", PLAN, TEXT)
    jobs.close()


def test_a_paused_run_does_single_steps(jobs):
    token = jobs.submit("ada", ENDLESS, TEXT)
    wait_for(lambda: jobs.status(token, "ada").n_done > 2)
    jobs.pause(token, "ada")
    time.sleep(0.2)
    before = jobs.status(token, "ada").n_done
    for extra in (1, 2):
        jobs.step_once(token, "ada")
        wait_for(lambda: state(jobs, token) == "paused")
        assert jobs.status(token, "ada").n_done == before + extra


def test_an_ended_run_can_be_continued(jobs):
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "done")
    jobs.extend(token, "ada", 0.5)
    wait_for(lambda: state(jobs, token) == "done")
    assert jobs.status(token, "ada").n_done > 12


def test_what_a_stopped_run_learnt_is_kept_and_gone_on_from(jobs):
    token = jobs.submit("ada", ENDLESS, TEXT)
    wait_for(lambda: jobs.status(token, "ada").n_done > 23)
    jobs.stop(token, "ada")
    wait_for(lambda: jobs.status(token, "ada").history.snapshots[-1] > 20)
    stopped = jobs.status(token, "ada")
    assert stopped.history.snapshots[-1] == stopped.n_done
    jobs.extend(token, "ada", 2.0)
    wait_for(lambda: jobs.status(token, "ada").n_done > stopped.n_done)
    jobs.stop(token, "ada")
    wait_for(lambda: state(jobs, token) == "stopped")
    steps = [stats.step for stats in jobs.status(token, "ada").history.steps]
    assert steps == sorted(set(steps))


def test_nobody_else_sees_or_steers_a_run(jobs):
    token = jobs.submit("ada", ENDLESS, TEXT)
    for act in (jobs.status, jobs.pause, jobs.stop, jobs.go, jobs.step_once, jobs.delete):
        with pytest.raises(UnknownRunError):
            act(token, "eve")
    for wrong in ("", "..", "../..", token[:-1], "x" * 32):
        with pytest.raises(UnknownRunError):
            jobs.attach(wrong, "eve")
    assert state(jobs, token) in ("queued", "running")


def test_a_second_run_of_one_visitor_is_refused_while_the_first_lives(jobs):
    token = jobs.submit("ada", ENDLESS, TEXT)
    with pytest.raises(ValueError, match="have a run already"):
        jobs.submit("ada", PLAN, TEXT)
    jobs.stop(token, "ada")
    jobs.submit("ada", PLAN, TEXT)


def test_a_run_stops_when_its_visitor_has_gone_and_a_reload_keeps_it(jobs, visitors):
    left = jobs.submit("ada", ENDLESS, TEXT)
    visitors.gone.add("ada")
    jobs.attach(left, "ada after a reload")
    time.sleep(2.0)
    assert state(jobs, left, "ada after a reload") == "running"
    visitors.gone.add("ada after a reload")
    run = jobs._jobs[left].run
    wait_for(lambda: run.status().state == "stopped", 10)
    assert run.status().sentence == "Stopped: the page was closed."


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_learning_rate_of_ten_ends_in_a_sentence(jobs, optimizer):
    recipe = replace(
        ENDLESS.recipe, learning_rate=10.0, muon_learning_rate=50.0, optimizer=optimizer
    )
    token = jobs.submit("ada", replace(ENDLESS, recipe=recipe), TEXT)
    wait_for(lambda: state(jobs, token) == "failed")
    assert "Try a lower learning rate than 10." in jobs.status(token, "ada").sentence
    second = jobs.submit("bob", PLAN, TEXT)
    wait_for(lambda: state(jobs, second, "bob") == "done")


def test_a_loss_that_is_no_number_ends_in_a_sentence_and_not_on_the_curve(jobs, monkeypatch):
    step = runner.Trainer.step

    def broken(trainer: runner.Trainer, progress: float | None = None) -> StepStats:
        stats = step(trainer, progress)
        return replace(stats, loss=math.nan) if stats.step == 4 else stats

    monkeypatch.setattr(runner.Trainer, "step", broken)
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "failed")
    status = jobs.status(token, "ada")
    assert status.sentence.startswith("At step 4 the loss is no number any more. Try a lower")
    assert [stats.step for stats in status.history.steps] == [1, 2, 3]


def test_a_full_disk_ends_in_a_sentence(jobs, monkeypatch):
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner, "save_checkpoint", full)
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "failed")
    assert jobs.status(token, "ada").sentence.startswith("The disk is full")


def test_what_safetensors_says_of_a_full_disk_is_what_any_file_says(jobs, monkeypatch):
    def full(*arguments: object, **options: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    monkeypatch.setattr(checkpoints, "save_file", full)
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "failed")
    assert jobs.status(token, "ada").sentence.startswith("The disk is full")


def test_a_run_that_cannot_be_written_is_not_begun_and_leaves_nothing(jobs, tmp_path, monkeypatch):
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner.np, "save", full)
    with pytest.raises(OSError, match="No space left"):
        jobs.submit("ada", PLAN, TEXT)
    assert not list((tmp_path / "runs").iterdir())


def test_an_unforeseen_error_is_handed_to_the_page(jobs, monkeypatch):
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("a cosmic ray")

    monkeypatch.setattr(runner, "evaluate", broken)
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "failed")
    assert "RuntimeError: a cosmic ray" in jobs.status(token, "ada").sentence


def test_a_run_goes_on_after_the_server_was_ended(tmp_path):
    jobs = Jobs(tmp_path, is_connected=lambda owner: True)
    token = jobs.submit("ada", ENDLESS, TEXT)
    wait_for(lambda: jobs.status(token, "ada").n_done > 20)
    jobs.close()
    saved = resume.latest(tmp_path / token / "state")
    assert saved is not None
    n_saved = int(saved.name.removeprefix("step-"))
    later = Jobs(tmp_path, is_connected=lambda owner: True)
    with pytest.raises(UnknownRunError):
        later.status(token, "ada")
    later.attach(token, "ada")
    assert later.status(token, "ada").n_done == n_saved
    assert later.status(token, "ada").state == "stopped"
    later.extend(token, "ada", 5)
    wait_for(lambda: later.status(token, "ada").n_done > n_saved + 5)
    steps = [stats.step for stats in later.status(token, "ada").history.steps]
    assert steps == list(range(1, len(steps) + 1))
    later.close()


def test_a_run_learns_every_place_of_lines_of_one_length():
    """Windows end to end would begin at every second place of an 18-letter line, and no other."""
    sizes = replace(PLAN.sizes, block_size=64)
    ids = np.arange(18 * 5000, dtype=np.uint16) % 18
    trainer = runner._build(replace(PLAN, sizes=sizes), Corpus(ids, ids[None, :65], 1.0))
    begins = np.concatenate([trainer.batches.draw()[:, 0] for _ in range(30)])
    assert set(begins) == set(range(18))


def test_an_idle_queue_measures_how_fast_the_machine_trains(jobs):
    wait_for(lambda: jobs.speed)
    # Between ten times slower and a thousand times faster than one core of a server.
    assert 1e8 < jobs.speed < 1e13


def test_a_speed_that_cannot_be_measured_stops_no_run(tmp_path, visitors, monkeypatch):
    asked = threading.Event()

    def broken(*arguments):
        asked.set()
        raise MemoryError

    monkeypatch.setattr(jobs_module, "measure_speed", broken)
    jobs = Jobs(tmp_path / "runs", is_connected=visitors)
    try:
        assert asked.wait(30)
        token = jobs.submit("ada", PLAN, TEXT)
        wait_for(lambda: state(jobs, token) == "done")
        assert not jobs.speed
    finally:
        jobs.close()


def test_closing_leaves_no_thread_behind(tmp_path):
    jobs = Jobs(tmp_path, is_connected=lambda owner: True)
    jobs.submit("ada", ENDLESS, TEXT)
    jobs.close()
    # On a busy machine a step may outlast the seconds for which closing waits.
    wait_for(lambda: not any(thread.name == "training" for thread in threading.enumerate()))


def test_the_oldest_finished_runs_make_room(tmp_path, visitors):
    jobs = Jobs(tmp_path, is_connected=visitors, max_bytes=1)
    first = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, first) == "done")
    second = jobs.submit("ada", PLAN, TEXT)
    assert not (tmp_path / first).exists()
    with pytest.raises(UnknownRunError):
        jobs.status(first, "ada")
    wait_for(lambda: state(jobs, second) == "done")
    jobs.close()


def test_a_pause_changes_no_bit_of_a_run(jobs):
    tokens = {owner: jobs.submit(owner, PLAN, TEXT) for owner in ("ada", "bob")}
    jobs.pause(tokens["bob"], "bob")
    for _ in range(5):
        wait_for(lambda: state(jobs, tokens["bob"], "bob") == "paused")
        jobs.step_once(tokens["bob"], "bob")
    wait_for(lambda: state(jobs, tokens["bob"], "bob") == "paused")
    jobs.go(tokens["bob"], "bob")
    losses = []
    for owner, token in tokens.items():
        wait_for(lambda token=token, owner=owner: state(jobs, token, owner) == "done")
        losses.append([stats.loss for stats in jobs.status(token, owner).history.steps])
    assert losses[0] == losses[1]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_memory_stays_bounded_over_twenty_runs(jobs):
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    sizes = GPTConfig(vocab_size=1024, block_size=64, n_layer=4, n_head=4, d_model=128)
    plan = RunPlan(sizes, TrainConfig(n_steps=6, batch_size=8), seconds=0)
    after = []
    for _ in range(20):
        token = jobs.submit("ada", plan, TEXT * 20)
        wait_for(lambda token=token: state(jobs, token) == "done", 120)
        after.append(resident_bytes())
    # One such model with its optimizers takes 11 MB: twenty that stayed would take 220.
    assert after[-1] - after[4] < 40e6


def test_deleting_a_run_deletes_its_text(jobs, tmp_path):
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "done")
    jobs.delete(token, "ada")
    assert not list((tmp_path / "runs").iterdir())


def test_a_run_that_is_deleted_while_it_is_saved_does_not_come_back(jobs, tmp_path, monkeypatch):
    is_saving, save = threading.Event(), resume.save

    def slow(trainer, folder):
        is_saving.set()
        time.sleep(0.3)
        return save(trainer, folder)

    monkeypatch.setattr(runner, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(resume, "save", slow)
    token = jobs.submit("ada", ENDLESS, TEXT)
    assert is_saving.wait(30)
    jobs.delete(token, "ada")
    last = jobs.submit("bob", PLAN, TEXT)
    wait_for(lambda: state(jobs, last, "bob") == "done")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [last]


def uploaded(jobs, owner="ada"):
    """Train for a moment, download, and upload again; return both tokens."""
    token = jobs.submit(owner, PLAN, TEXT)
    wait_for(lambda: state(jobs, token, owner) == "done")
    return token, jobs.adopt(owner, pack(jobs.snapshot_folder(token, owner, 12)), "my model")


def weights(jobs, token, step, owner="ada"):
    return load_checkpoint(jobs.snapshot_folder(token, owner, step)).state_dict()


def are_equal(left, right):
    return all(torch.equal(left[name], right[name]) for name in left)


def test_an_uploaded_model_is_one_of_its_visitors_and_of_nobody_else(jobs):
    first, second = uploaded(jobs)
    status = jobs.status(second, "ada")
    assert (status.state, status.name, status.history.snapshots) == ("uploaded", "my model", (0,))
    assert len(status.history.samples) == 1
    assert are_equal(weights(jobs, first, 12), weights(jobs, second, 0))
    with pytest.raises(UnknownRunError):
        jobs.status(second, "eve")
    jobs.extend(second, "ada", 1.0)
    assert state(jobs, second) == "uploaded"


def test_training_goes_on_from_an_uploaded_model(jobs):
    _, second = uploaded(jobs)
    other = replace(PLAN, sizes=replace(PLAN.sizes, n_layer=3))
    third = jobs.submit("ada", other, TEXT, begin=second)
    wait_for(lambda: state(jobs, third) == "done")
    assert are_equal(weights(jobs, second, 0), weights(jobs, third, 0))
    assert not are_equal(weights(jobs, second, 0), weights(jobs, third, 12))
    losses = [point.loss for point in jobs.status(third, "ada").history.validation]
    assert losses[-1] < losses[0]
    with pytest.raises(UnknownRunError):
        jobs.submit("eve", PLAN, TEXT, begin=second)


def test_training_goes_on_from_a_run_that_was_about_to_be_deleted(jobs):
    first = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, first) == "done")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(jobs.snapshot_folder(first, "ada", 12).parents[1], (two_days_ago, two_days_ago))
    second = jobs.submit("ada", PLAN, TEXT, begin=first)
    wait_for(lambda: state(jobs, second) == "done")
    assert are_equal(weights(jobs, first, 12), weights(jobs, second, 0))


def test_an_uploaded_model_is_found_again_after_the_server_was_ended(tmp_path):
    jobs = Jobs(tmp_path, is_connected=lambda owner: True)
    _, second = uploaded(jobs)
    jobs.close()
    later = Jobs(tmp_path, is_connected=lambda owner: True)
    later.attach(second, "ada")
    status = later.status(second, "ada")
    assert (status.state, status.history.snapshots) == ("uploaded", (0,))
    later.close()


def test_a_refused_upload_leaves_nothing_on_the_disk(jobs, tmp_path):
    with pytest.raises(CheckpointError):
        jobs.adopt("ada", b"PK and no more", "my model")
    assert not list((tmp_path / "runs").iterdir())


def test_an_error_that_nobody_foresaw_leaves_nothing_on_the_disk_either(
    jobs, tmp_path, monkeypatch
):
    token = jobs.submit("ada", PLAN, TEXT)
    wait_for(lambda: state(jobs, token) == "done")
    raw = pack(jobs.snapshot_folder(token, "ada", 12))
    monkeypatch.setattr(runner, "write_sample", lambda *arguments, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.adopt("ada", raw, "my model")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [token]
