from __future__ import annotations

import pytest

from inference.vocabulary import DIAGNOSES
from training.__main__ import main
from training.synthesis.prompts import LONGEST, PromptError, lint, prompts_of, with_token


@pytest.mark.parametrize("code", DIAGNOSES)
def test_each_class_has_two_prompts_that_pass(code: str) -> None:
    made = prompts_of(code)
    assert len(set(made)) == 2
    for prompt in made:
        lint(prompt, code)
        for other in set(DIAGNOSES) - {code}:
            with pytest.raises(PromptError, match="Name the class"):
                lint(prompt, other)


PEOPLE = ("newborn", "toddler", "teenager", "lady", "grandmother", "Ms Miller")


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("dermoscopic image of a lesion", "Name the class"),
        ("photograph of a dermatofibroma", "Name the modality"),
        ("dermoscopic image of a dermatofibroma of a 60 year old man", "speaks of a person"),
        ("dermoscopic image of a dermatofibroma, patient 17", "speaks of a person"),
        ("dermoscopic image of a dermatofibroma on the face", "speaks of a person"),
        *((f"dermoscopic image of a dermatofibroma of a {who}", "speaks of a person") for who in PEOPLE),
        ("dermoscopic image of a dermatofibroma of John Smith", "as a name does"),
        ("dermoscopic image of a dermatofibroma, case 20231104", "long number"),
        ("dermoscopic image of a dermatofibroma beside a melanoma", "names melanoma too"),
        ("dermoscopic image of a dermatofibroma " + "very " * LONGEST + "sharp", "longer than"),
    ],
)
def test_a_prompt_that_must_not_be_sent_says_what_to_change(prompt: str, told: str) -> None:
    with pytest.raises(PromptError, match=told):
        lint(prompt, "df")


def test_words_inside_words_are_no_persons() -> None:
    lint("dermoscopy of a dermatofibroma, manual focus, bold contrast", "df")


def test_a_template_that_makes_a_wrong_prompt_is_refused() -> None:
    with pytest.raises(PromptError, match="Name the modality"):
        prompts_of("df", ["picture of a {name}"])
    with pytest.raises(PromptError, match="no class"):
        prompts_of("scc")


def test_the_command_shows_its_prompts_without_weights(tmp_path) -> None:
    printed = main(["generate", "stable", "--show-prompts", "--classes", "vasc", "--out", str(tmp_path)])
    assert printed == "\n".join(f"vasc: {prompt}" for prompt in prompts_of("vasc"))


@pytest.mark.parametrize("token", ["old man", "melanoma", "john", "nv", "smith", "Sks", "sk5"])
def test_a_token_with_a_meaning_is_refused(token: str) -> None:
    with pytest.raises(PromptError, match="is no token"):
        with_token("dermoscopic image of a melanoma", "mel", token)


def test_a_prompt_is_linted_with_its_token() -> None:
    assert with_token("dermoscopic image of a melanoma", "mel", "sks") == "dermoscopic image of a sks melanoma"
    with pytest.raises(PromptError, match="Name the modality"):
        with_token("image of a melanoma", "mel", "sks")
