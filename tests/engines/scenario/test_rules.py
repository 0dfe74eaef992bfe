"""The engine's numbers: defaults with sources, read from settings, refused when senseless."""

from __future__ import annotations

import pytest

from holdfast.catalog import load
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.settings import SETTINGS
from holdfast.model.errors import Invalid
from holdfast.model.spec import SERVICES


def test_every_number_is_a_setting_of_the_catalog_with_both_titles():
    keys = {setting.key for setting in load().settings}
    for setting in SETTINGS:
        assert setting.key in keys and setting.title and setting.title_zh and setting.source.mark == "proposal"


def test_rules_are_the_settings_as_they_stand():
    values = {setting.key: setting.default for setting in SETTINGS}
    assert Rules.read(values) == Rules()
    changed = Rules.read(values | {"scenario.served_from": 0.8, "scenario.crews": {"water": 2}})
    assert changed.served_from == 0.8 and changed.crews == {"water": 2}


def test_domains_without_their_own_number_take_the_default():
    rules = Rules(mobilisation_hours={"default": 3.0, "gas": 1.0}, shift_hours={"gas": 8.0})
    assert (rules.mobilisation("gas"), rules.mobilisation("water")) == (1.0, 3.0)
    assert (rules.shift("gas"), rules.shift("water")) == (8.0, 24.0)


def test_weights_and_losses_name_services_that_exist():
    rules = Rules()
    assert set(rules.service_weight) <= set(SERVICES) and set(rules.indirect_loss) <= set(SERVICES)


@pytest.mark.parametrize("wrong", [{"served_from": 0.0}, {"served_from": 1.5}, {"missing_provider": "nature"}, {"shift_hours": {"default": 25.0}}])
def test_senseless_numbers_are_refused_and_named(wrong):
    with pytest.raises(Invalid) as error:
        Rules(**wrong)
    assert "scenario." in str(error.value)
