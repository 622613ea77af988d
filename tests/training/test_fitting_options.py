"""What is said on the command line reaches the configuration, and nothing else changes it."""

from __future__ import annotations

import argparse
from dataclasses import replace

import pytest

from training.commands import fitting_options
from training.fitting.config import TrainConfig

WORDS = {int: "7", float: "0.26", str: "text", fitting_options.one_size: "48x64"}


def _config(*words: str) -> TrainConfig:
    parser = argparse.ArgumentParser()
    fitting_options.add_arguments(parser)
    return fitting_options.apply(parser.parse_args(words), TrainConfig())


def test_without_options_the_recipe_stands() -> None:
    assert _config() == TrainConfig()


def test_an_option_sets_its_field_and_only_that() -> None:
    found = _config("--optimiser", "adam", "--rate", "7.5e-4", "--rate-schedule", "plateau", "--batch", "10")
    recipe = TrainConfig()
    schedule = replace(recipe.schedule, peak=7.5e-4, rate="plateau")
    assert found == replace(recipe, optimiser="adam", batch=10, schedule=schedule)


def test_every_option_names_a_field_that_it_can_set() -> None:
    for option in (option for options in fitting_options.OPTIONS.values() for option in options):
        text = option.choices[-1] if option.choices else WORDS[option.type]
        assert _config(option.flag, text) != TrainConfig(), option.flag


def test_what_no_rule_allows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _config("--optimiser", "lion")
    assert "sgd-nesterov" in capsys.readouterr().err
