"""Saves that are cut off, and what is left of the one before."""

from pathlib import Path

import pytest
import torch

from model.checkpoints import write_tensors
from model.training import resume
from tests.model.training.test_engine import a_trainer, weights


def restored(folder: Path):
    saved = resume.latest(folder)
    assert saved is not None
    trainer = a_trainer(*resume.read_configs(saved))
    resume.restore(trainer, saved)
    return trainer


@pytest.mark.parametrize("broken", ["write_tensors", "_flush", "rename", "_point"])
def test_a_save_cut_off_leaves_the_previous_one_whole(broken, tmp_path, monkeypatch):
    trainer = a_trainer()
    trainer.step()
    resume.save(trainer, tmp_path)
    before = weights(trainer).clone()
    trainer.step()

    def full_disk(*arguments) -> None:
        if broken == "write_tensors" and arguments[1].name == "model.safetensors":
            write_tensors(*arguments)  # the first file is written, the second is not
            return
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if broken == "rename" else resume, broken, full_disk)
    with pytest.raises(OSError, match="No space left"):
        resume.save(trainer, tmp_path)
    monkeypatch.undo()
    assert torch.equal(weights(restored(tmp_path)), before)
    resume.save(trainer, tmp_path)
    assert torch.equal(weights(restored(tmp_path)), weights(trainer))


def test_only_the_last_save_is_kept(tmp_path):
    trainer = a_trainer()
    for _ in range(3):
        trainer.step()
        resume.save(trainer, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-00000003"]


def test_a_folder_without_a_save_has_none(tmp_path):
    assert resume.latest(tmp_path) is None


def test_nothing_in_a_save_is_a_pickle(tmp_path):
    trainer = a_trainer()
    trainer.step()
    saved = resume.save(trainer, tmp_path)
    assert {path.suffix for path in saved.iterdir()} == {".safetensors", ".json"}
