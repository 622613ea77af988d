from inference import vocabulary as v


def test_sorting_by_code_and_by_name_swap_mel_and_nv() -> None:
    by_name = sorted(v.DIAGNOSES, key=lambda code: v.DIAGNOSIS_NAMES[code])
    assert (v.DIAGNOSES.index("mel"), v.DIAGNOSES.index("nv")) == (4, 5)
    assert (by_name.index("mel"), by_name.index("nv")) == (5, 4)


def test_every_order_holds_each_diagnosis_once() -> None:
    for order in (v.SEVERITY, v.CHALLENGE_ORDER, v.DIAGNOSIS_NAMES):
        assert sorted(order) == list(v.DIAGNOSES)


def test_people_read_what_can_harm_first() -> None:
    assert set(v.SEVERITY[:3]) == set(v.MALIGNANT)
    assert v.SEVERITY[0] == "mel"


def test_every_localization_has_a_general_site_or_says_none() -> None:
    assert set(v.GENERAL_SITES) == set(v.LOCALIZATIONS)
    assert [site for site, general in v.GENERAL_SITES.items() if general is None] == ["trunk", "unknown"]
